//! What each of the program's own words is called, once for every surface. A test has a name for every value of each of
//! these types, in both languages, and a value for every name.

use store::{Outcome, Reason, RunKind, RunState};
use sync_core::consent::{Doubt, Status};
use sync_core::{Cause, Healer, HistoryKind, ProblemKind, UnsubscribeCause};

use crate::Words;

/// What an outcome of a contact is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutcomeTexts {
    /// The list of such contacts.
    pub list: &'static str,
    /// What contacts on it are, in a sentence or two.
    pub meaning: &'static str,
    /// What became of a contact, in a word or two.
    pub result: &'static str,
    /// The same in a sentence.
    pub sentence: &'static str,
}

/// What a kind of problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemTexts {
    /// What happened.
    pub cause: &'static str,
    /// What helps.
    pub remedy: &'static str,
}

/// What speaks against a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoubtTexts {
    /// In a sentence or two.
    pub sentence: &'static str,
    /// In short.
    pub short: &'static str,
}

impl Words {
    /// A status in SARE by SARE's name for it (sare-api.md 6).
    pub fn status(self, status: Status) -> &'static str {
        self.say_word("status", &status.code().to_string())
    }

    /// A status in SARE by its number, its name, and what it means for mail: `8 (subscribed and confirmed, gets
    /// newsletters)`.
    pub fn status_in_full(self, status: Status) -> String {
        let name = self.status(status);
        match status {
            Status::Absent => name.to_owned(),
            Status::Other(_) => format!("{status} ({})", self.say("status-means.unknown")),
            _ if status.is_mailable() => format!("{status} ({name}, {})", self.say("status-means.mailed")),
            _ if status.is_unconfirmed() => {
                format!("{status} ({name}, {})", self.say("status-means.not-mailed"))
            }
            _ => format!("{status} ({name})"),
        }
    }

    /// A line of history; `None` for one that another version of the program wrote.
    pub fn event(self, kind: &HistoryKind) -> Option<&'static str> {
        self.known_word("history", kind.word())
    }

    /// What made us look at a contact.
    pub fn reason(self, reason: Reason) -> &'static str {
        self.known_word("reason", reason.word()).unwrap_or_default()
    }

    /// What became of a contact.
    pub fn outcome(self, outcome: Outcome) -> OutcomeTexts {
        let text = |part| self.part("outcome", outcome.word(), part);
        OutcomeTexts {
            list: text("list"),
            meaning: text("meaning"),
            result: text("result"),
            sentence: text("sentence"),
        }
    }

    /// How an unsubscribe came about, without a full stop, and by which status in SARE.
    pub fn refusal(self, cause: UnsubscribeCause, status: Option<Status>) -> &'static str {
        let cause = cause.word();
        status
            .and_then(|status| self.known_word("refusal", &format!("{cause}-{status}")))
            .unwrap_or_else(|| self.say_word("refusal", cause))
    }

    /// Why a consent of the shop is not acted upon.
    pub fn doubt(self, doubt: Doubt) -> DoubtTexts {
        let text = |part| self.part("doubt", doubt.word(), part);
        DoubtTexts {
            sentence: text("sentence"),
            short: text("short"),
        }
    }

    /// What a run is for.
    pub fn run_kind(self, kind: RunKind) -> &'static str {
        self.known_word("run-kind", kind.word()).unwrap_or_default()
    }

    /// Where a run stands.
    pub fn run_state(self, state: RunState) -> &'static str {
        self.known_word("run-state", state.word()).unwrap_or_default()
    }

    /// Why work waits.
    pub fn waiting(self, cause: Cause) -> &'static str {
        self.say_word("waiting", cause.word())
    }

    /// What a kind of problem is, and what helps.
    pub fn problem(self, kind: ProblemKind) -> ProblemTexts {
        let text = |part| self.part("problem", kind.word(), part);
        ProblemTexts {
            cause: text("cause"),
            remedy: text("remedy"),
        }
    }

    /// The cause that `n` open problems share: counted where each is a contact's or a record's.
    pub fn problem_group(self, kind: ProblemKind, n: i64) -> String {
        let counted = if n > 1 {
            self.count_word("problem-group", kind.word(), n)
        } else {
            None
        };
        counted.unwrap_or_else(|| self.problem(kind).cause.to_owned())
    }

    /// A problem's detail: a number that stands for itself in the ledger is said in words.
    pub fn problem_detail(self, kind: ProblemKind, detail: &str) -> String {
        match (kind, detail.parse::<u64>()) {
            (ProblemKind::ShopAway | ProblemKind::SareAway, Ok(n)) => {
                self.fill("problem-detail.waiting", &[("n", &n)])
            }
            _ => detail.to_owned(),
        }
    }

    /// Who makes a problem go away.
    pub fn healer(self, healer: Healer) -> &'static str {
        self.known_word("healer", healer.word()).unwrap_or_default()
    }

    fn part(self, section: &'static str, word: &str, part: &str) -> &'static str {
        self.known_word(section, &format!("{word}.{part}"))
            .unwrap_or_default()
    }
}
