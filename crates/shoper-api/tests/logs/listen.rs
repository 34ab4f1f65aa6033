//! What is logged, for tests to look at.
//!
//! Whether a place in the code logs at all is settled for the whole process when it is first passed. So these tests have a
//! program of their own, in which every test listens before anything else happens, and all listen in the same way: a
//! listener of one test alone would miss the places that another test had passed before.

use std::cell::RefCell;
use std::sync::OnceLock;

use tracing::field::{Field, Visit};
use tracing::span;

thread_local! {
    static HEARD: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Listens from here on. To be called first in every test.
pub fn listen() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        tracing::subscriber::set_global_default(Ear).expect("nobody else listens here");
    });
    HEARD.take();
}

/// Everything logged in this thread since it was last asked for, a line an event.
pub fn heard() -> String {
    HEARD.take()
}

struct Ear;

impl tracing::Subscriber for Ear {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        HEARD.with_borrow_mut(|heard| {
            event.record(&mut Words(heard));
            heard.push('\n');
        });
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Texts as a log would print them: `%` and plain ones without escapes of their own.
struct Words<'a>(&'a mut String);

impl Visit for Words<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push_str(&format!("{field}={value} "));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!("{field}={value:?} "));
    }
}
