//! Words of the file that stand for values.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serializer, de::Error};

use crate::plan::{OpRole, Phase, Split, StreamId};

type Words<T> = &'static [(&'static str, T)];

const STREAMS: Words<StreamId> =
    &[("compute", StreamId::COMPUTE), ("comm", StreamId::COMM), ("beside", StreamId::BESIDE)];

const SPLITS: Words<Split> =
    &[("whole", Split::Whole), ("first", Split::First), ("second", Split::Second)];

const PHASES: Words<Phase> = &[
    ("none", Phase::None),
    ("head", Phase::Head),
    ("A", Phase::A),
    ("B", Phase::B),
    ("C", Phase::C),
    ("D", Phase::D),
    ("tail", Phase::Tail),
];

/// The word of a value. Of a stream that no word stands for, the empty one, which is not read back.
fn write<T: PartialEq, S: Serializer>(
    words: Words<T>,
    value: &T,
    out: S,
) -> Result<S::Ok, S::Error> {
    let word = words.iter().find(|(_, known)| known == value);
    out.serialize_str(word.map_or("", |(word, _)| word))
}

fn read<'de, T: Copy, D: Deserializer<'de>>(words: Words<T>, input: D) -> Result<T, D::Error> {
    let given = Cow::<'de, str>::deserialize(input)?;
    let word = words.iter().find(|(word, _)| *word == given);
    word.map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        D::Error::custom(format!("{given:?} is none of {}", known.join(", ")))
    })
}

macro_rules! words {
    ($module:ident, $value:ty, $words:expr) => {
        pub(super) mod $module {
            use super::*;

            pub(in crate::plan::file) fn serialize<S: Serializer>(
                value: &$value,
                out: S,
            ) -> Result<S::Ok, S::Error> {
                write($words, value, out)
            }

            pub(in crate::plan::file) fn deserialize<'de, D: Deserializer<'de>>(
                input: D,
            ) -> Result<$value, D::Error> {
                read($words, input)
            }
        }
    };
}

words!(stream, StreamId, STREAMS);
words!(split, Split, SPLITS);
words!(phase, Phase, PHASES);

/// Roles have names of their own.
pub(super) mod role {
    use super::*;

    pub(in crate::plan::file) fn serialize<S: Serializer>(
        role: &OpRole,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.serialize_str(role.name())
    }

    pub(in crate::plan::file) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<OpRole, D::Error> {
        let given = Cow::<'de, str>::deserialize(input)?;
        OpRole::from_name(&given).ok_or_else(|| {
            let known: Vec<&str> = OpRole::known().map(OpRole::name).collect();
            D::Error::custom(format!("{given:?} is none of {}", known.join(", ")))
        })
    }
}
