//! Values that are kept and shown under stable words.

/// A set of values, each of which has a stable word.
pub trait Words: Sized + 'static {
    /// The words of all that this version of the program knows.
    const WORDS: &'static [&'static str];
    /// Whether a value may have another word, as one does that another version of the program wrote.
    const HAS_OTHERS: bool = false;

    /// The value's word.
    fn word(&self) -> &str;
}

/// Values that can be read back from their words.
pub trait FromWord: Words {
    /// The value of a word; `None` for one that is not known here.
    fn from_word(word: &str) -> Option<Self>;
}

/// Gives an enum's values their words, with `ALL`, `word` and `from_word`; in JSON each is its word. One without a word does
/// not compile; one that carries something is named by a pattern after `match`, and then there is no way back from the word.
#[macro_export]
macro_rules! words {
    ($type:ident { $($value:ident = $word:literal),+ $(,)? }) => {
        impl $crate::Words for $type {
            const WORDS: &'static [&'static str] = &[$($word),+];

            fn word(&self) -> &str {
                (*self).word()
            }
        }

        impl $crate::FromWord for $type {
            fn from_word(word: &str) -> ::core::option::Option<Self> {
                Self::from_word(word)
            }
        }

        impl $crate::serde::Serialize for $type {
            fn serialize<S: $crate::serde::Serializer>(&self, to: S) -> ::core::result::Result<S::Ok, S::Error> {
                to.serialize_str($crate::Words::word(self))
            }
        }

        impl $type {
            /// All.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// The stable word.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$value => $word),+
                }
            }

            /// The value of a word.
            pub fn from_word(word: &str) -> ::core::option::Option<Self> {
                match word {
                    $($word => ::core::option::Option::Some(Self::$value),)+
                    _ => ::core::option::Option::None,
                }
            }
        }
    };
    (match $type:ident { $($value:pat = $word:literal),+ $(,)? }) => {
        impl $crate::Words for $type {
            const WORDS: &'static [&'static str] = &[$($word),+];

            fn word(&self) -> &str {
                self.word()
            }
        }

        impl $crate::serde::Serialize for $type {
            fn serialize<S: $crate::serde::Serializer>(&self, to: S) -> ::core::result::Result<S::Ok, S::Error> {
                to.serialize_str($crate::Words::word(self))
            }
        }

        impl $type {
            /// The stable word.
            pub const fn word(&self) -> &'static str {
                match self {
                    $($value => $word),+
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::mapping::{Overwrite, WhenEmpty};
    use crate::{Cause, RecordKind};

    /// The word of each, in JSON and back.
    fn kept<T: FromWord + DeserializeOwned + serde::Serialize>() -> Vec<String> {
        let values = T::WORDS.iter().filter_map(|word| T::from_word(word));
        let texts = values.map(|value| serde_json::to_string(&value).unwrap());
        texts
            .map(|text| {
                let read: T = serde_json::from_str(&text).unwrap();
                read.word().to_owned()
            })
            .collect()
    }

    #[test]
    fn what_is_kept_as_json_is_read_back_from_its_word() {
        assert_eq!(kept::<RecordKind>(), RecordKind::WORDS);
        assert_eq!(kept::<WhenEmpty>(), WhenEmpty::WORDS);
        assert_eq!(kept::<Overwrite>(), Overwrite::WORDS);
        assert_eq!(kept::<Cause>(), Cause::WORDS);
        assert_eq!(RecordKind::ALL.len(), RecordKind::WORDS.len());
        assert_eq!(RecordKind::from_word("neither"), None);
    }
}
