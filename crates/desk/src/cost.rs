//! What it costs to bring contacts up to date after a change of the configuration: contacts, requests, time.

use sare_api::LookupForm;

/// Rows of a page of the shop's lists (shoper-api.md D.1).
const PAGE: i64 = 50;
/// Requests that a shop lets through a second (shoper-api.md D.7).
const SHOP_RATE: f64 = 2.0;

/// What is to be read and written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Customers to read from the shop; 0 where they are not synchronised.
    pub customers: i64,
    /// Whether their addresses are read as well.
    pub with_addresses: bool,
    /// Subscribers to read from the shop.
    pub subscribers: i64,
    /// Contacts that get new data.
    pub rewritten: i64,
    /// Contacts that SARE takes in a request.
    pub batch: usize,
    /// How SARE is asked about many contacts.
    pub lookup: LookupForm,
    /// Requests to SARE a second.
    pub sare_rate: f64,
}

/// What it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Contacts that get new data.
    pub contacts: i64,
    /// Requests to both services.
    pub requests: i64,
    /// How long they take at the pace that both allow.
    pub seconds: i64,
}

/// The cost of this work, when all of it has to be done and nothing else is.
pub fn cost(work: &Work) -> Cost {
    let per_page = if work.with_addresses { 2 } else { 1 };
    let shop = parts(work.customers, PAGE) * per_page + parts(work.subscribers, PAGE);
    let batch = i64::try_from(work.batch).unwrap_or(1).max(1);
    let looked_up = match work.lookup {
        LookupForm::OneByOne => work.customers + work.subscribers,
        _ => parts(work.customers + work.subscribers, batch),
    };
    let sare = looked_up + parts(work.rewritten, batch);
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let seconds = shop as f64 / SHOP_RATE + sare as f64 / work.sare_rate.max(0.01);
    #[expect(clippy::cast_possible_truncation, reason = "an estimate, far below any limit")]
    let seconds = seconds.ceil() as i64;
    Cost {
        contacts: work.rewritten,
        requests: shop + sare,
        seconds,
    }
}

fn parts(n: i64, size: i64) -> i64 {
    (n.max(0) + size - 1) / size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_batches_are_counted() {
        let work = Work {
            customers: 8214,
            with_addresses: true,
            subscribers: 120,
            rewritten: 8214,
            batch: 100,
            lookup: LookupForm::Object,
            sare_rate: 2.0,
        };
        let pages = 165 * 2 + 3;
        let batches = 84 + 83;
        let expected = Cost {
            contacts: 8214,
            requests: pages + batches,
            seconds: (pages + batches) / 2,
        };
        assert_eq!(cost(&work), expected);
    }
}
