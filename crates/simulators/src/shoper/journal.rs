//! What a shop was asked: the last requests, and how many there were of each resource.

use std::collections::{BTreeMap, VecDeque};

use http::Method;

/// One request and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    pub method: Method,
    /// The path without the query.
    pub path: String,
    /// The HTTP status; 0 when the connection was cut before anything was done.
    pub status: u16,
}

/// How many requests are remembered.
const REMEMBERED: usize = 1000;

/// The memory of requests.
#[derive(Debug, Default)]
pub(super) struct Journal {
    recent: VecDeque<LoggedRequest>,
    by_resource: BTreeMap<String, u64>,
    total: u64,
}

impl Journal {
    pub(super) fn add(&mut self, request: LoggedRequest) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.total += 1;
        self.recent.push_back(request);
    }

    /// Counts a call of a resource; operations of a bulk call count one by one.
    pub(super) fn count(&mut self, resource: &str) {
        match self.by_resource.get_mut(resource) {
            Some(count) => *count += 1,
            None => {
                self.by_resource.insert(resource.to_owned(), 1);
            }
        }
    }

    pub(super) fn recent(&self) -> Vec<LoggedRequest> {
        self.recent.iter().cloned().collect()
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn of(&self, resource: &str) -> u64 {
        self.by_resource.get(resource).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_requests_are_remembered_but_all_are_counted() {
        let mut journal = Journal::default();
        for number in 0..1500 {
            journal.add(LoggedRequest {
                method: Method::GET,
                path: format!("/{number}"),
                status: 200,
            });
        }
        assert_eq!(journal.total(), 1500);
        assert_eq!(journal.recent().len(), REMEMBERED);
        assert_eq!(journal.recent()[0].path, "/500");
    }
}
