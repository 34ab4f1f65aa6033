//! What people read, on the panel, the command line and the operator's API: a directory a language, `pl/` and `en/`,
//! in it one file a page and the glossary of names that all share, and the machine that finds, fills and counts them.

mod findings;
mod glossary;
mod times;
mod words;

pub use glossary::{DoubtTexts, OutcomeTexts, ProblemTexts};
pub use times::{clock, in_poland, in_utc};
pub use words::Words;
