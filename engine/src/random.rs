//! Numbers that look random and follow from a seed: splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
//! generators", 2014).

/// Distance between two states.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A hash of `value`: the step and the finaliser of splitmix64.
pub fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(STEP);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A generator; its number is the seed.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number under `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        let value = mix(self.0);
        self.0 = self.0.wrapping_add(STEP);
        (value % u64::from(bound.max(1))) as u32
    }

    /// One of `choices`, of which there is at least one.
    ///
    /// # Panics
    /// Without any.
    pub fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First outputs of the reference implementation (Vigna, splitmix64.c) for the seed 1234567.
    #[test]
    fn it_is_splitmix64() {
        let mut state = 1_234_567_u64;
        let mut next = || {
            let value = mix(state);
            state = state.wrapping_add(STEP);
            value
        };
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!([next(), next(), next(), next(), next()], expected);
        let mut random = Random(1_234_567);
        assert_eq!(random.below(1000), 317);
        assert_eq!(random.below(0), 0);
        assert_eq!(random.one_of(&[7]), 7);
    }
}
