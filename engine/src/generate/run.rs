use super::Sampler;
use crate::executor::ExecError;

/// A model that goes on with a text.
pub trait Language {
    /// Logits of the token that follows, one a token of the vocabulary: `new` stands behind all that was given before.
    ///
    /// # Errors
    /// [`ExecError`] when the model could not be run.
    fn next(&mut self, new: &[u32]) -> Result<Vec<f32>, ExecError>;
}

/// When to stop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// New tokens at most.
    pub tokens: u32,
    /// Tokens after which there is nothing more to say; they are not given out.
    pub stops: Vec<u32>,
}

/// Why nothing more came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As many tokens as asked for.
    Length,
    /// The model said so, by this token.
    Stop(u32),
    /// The caller wanted no more.
    Cancelled,
    /// No logit was a number.
    NoToken,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The new tokens.
    pub tokens: Vec<u32>,
    /// Why there are no more.
    pub ended: Ended,
}

/// Goes on with `prompt`, token by token; each is given to `on_token`, which says whether to go on.
///
/// # Errors
/// [`ExecError`] of the model. What `on_token` was given until then stays true.
pub fn generate(
    model: &mut dyn Language,
    prompt: &[u32],
    limits: &Limits,
    sampler: &mut Sampler,
    on_token: &mut dyn FnMut(u32) -> bool,
) -> Result<Generated, ExecError> {
    let mut tokens = Vec::new();
    let mut new = prompt.to_vec();
    let ended = loop {
        if tokens.len() >= limits.tokens as usize {
            break Ended::Length;
        }
        let Some(token) = sampler.pick(&model.next(&new)?) else { break Ended::NoToken };
        if limits.stops.contains(&token) {
            break Ended::Stop(token);
        }
        tokens.push(token);
        if !on_token(token) {
            break Ended::Cancelled;
        }
        new = vec![token];
    };
    Ok(Generated { tokens, ended })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Sampling;

    /// Counts up by what it was given last; remembers all that it was given.
    #[derive(Default)]
    struct Counting(Vec<u32>);

    impl Language for Counting {
        fn next(&mut self, new: &[u32]) -> Result<Vec<f32>, ExecError> {
            self.0.extend(new);
            let last = self.0.last().copied().unwrap_or(0);
            Ok((0..10).map(|token| if token == (last + 1) % 10 { 1.0 } else { 0.0 }).collect())
        }
    }

    fn run(prompt: &[u32], limits: &Limits, cancel_at: usize) -> (Generated, Vec<u32>, Vec<u32>) {
        let mut model = Counting::default();
        let mut sampler = Sampler::new(Sampling::default()).unwrap();
        let mut given = Vec::new();
        let mut on_token = |token| {
            given.push(token);
            given.len() < cancel_at
        };
        let generated = generate(&mut model, prompt, limits, &mut sampler, &mut on_token).unwrap();
        (generated, given, model.0)
    }

    #[test]
    fn every_token_follows_all_before_it() {
        let limits = Limits { tokens: 4, stops: vec![] };
        let (generated, given, seen) = run(&[3, 5], &limits, 99);
        assert_eq!(generated, Generated { tokens: vec![6, 7, 8, 9], ended: Ended::Length });
        assert_eq!(
            (given, seen),
            (vec![6, 7, 8, 9], vec![3, 5, 6, 7, 8]),
            "nothing is run in vain"
        );
    }

    #[test]
    fn a_stop_is_not_given_out() {
        let limits = Limits { tokens: 9, stops: vec![0, 8] };
        let (generated, given, _) = run(&[5], &limits, 99);
        assert_eq!(generated, Generated { tokens: vec![6, 7], ended: Ended::Stop(8) });
        assert_eq!(given, [6, 7]);
    }

    #[test]
    fn who_has_enough_says_so() {
        let limits = Limits { tokens: 9, stops: vec![] };
        let (generated, ..) = run(&[5], &limits, 2);
        assert_eq!(generated, Generated { tokens: vec![6, 7], ended: Ended::Cancelled });
    }
}
