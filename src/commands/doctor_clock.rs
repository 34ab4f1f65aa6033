//! Whether this machine's clock is right, by what others say: the services in the `Date` of their answers, the database,
//! and what is written in the ledger. A clock that is hours ahead plans all work hours ahead.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ports::{BoxFuture, Clock, Millis, Request, Response, Transport, TransportError};

/// A clock further off than this is told: signatures and leases allow for less, and no clock that is kept right is.
pub const OFF_MS: Millis = 2 * 60_000;

/// A transport that takes note of what the others' clocks show.
pub struct Dated {
    inner: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    seen: Mutex<BTreeMap<String, Millis>>,
}

impl Dated {
    /// `inner`, with its answers looked at.
    pub fn over(inner: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            clock,
            seen: Mutex::default(),
        })
    }

    /// How far this machine's clock is ahead of the others', in milliseconds: of half of them at least. `None` when nobody
    /// told the time. Hosts in `ours` do not count: they may be this very machine.
    pub fn ahead(&self, ours: &[String]) -> Option<Millis> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let others = seen.iter().filter(|(host, _)| !ours.contains(host));
        middle(others.map(|(_, ahead)| *ahead).collect())
    }
}

/// The middle one, the nearer to none of two.
fn middle(mut all: Vec<Millis>) -> Option<Millis> {
    all.sort_unstable();
    let (left, right) = (all.get(all.len().checked_sub(1)? / 2)?, all.get(all.len() / 2)?);
    Some(if left.abs() < right.abs() { *left } else { *right })
}

/// How far `now` is ahead of the time that an answer tells.
fn ahead_of(answer: &Response, now: Millis) -> Option<Millis> {
    let told = answer.headers().get(http::header::DATE)?.to_str().ok()?;
    let told = jiff::fmt::rfc2822::parse(told).ok()?.timestamp().as_millisecond();
    Some(now - told)
}

impl Transport for Dated {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let host = request.uri().host().unwrap_or_default().to_owned();
            let began = self.clock.now();
            let answer = self.inner.send(request).await?;
            let ended = self.clock.now();
            // An answer that took long says little of when in between it was written.
            if (0..OFF_MS / 2).contains(&(ended - began))
                && let Some(ahead) = ahead_of(&answer, began)
            {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.insert(host, ahead);
            }
            Ok(answer)
        })
    }
}

/// A span of time for people: `3 minutes`, `2 hours`, `5 days`.
pub fn span(millis: Millis) -> String {
    let minutes = (millis.abs() / 60_000).max(1);
    let (n, unit) = match minutes {
        0..120 => (minutes, "minute"),
        120..2_880 => (minutes / 60, "hour"),
        _ => (minutes / 1_440, "day"),
    };
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ports::ManualClock;

    use super::*;

    struct Says(&'static str);

    impl Transport for Says {
        fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
            let answer = http::Response::builder()
                .header("Date", self.0)
                .body(Bytes::new());
            Box::pin(std::future::ready(Ok(answer.expect("an answer"))))
        }
    }

    /// 2026-09-21 14:13:20 UTC.
    const TOLD: &str = "Mon, 21 Sep 2026 14:13:20 GMT";
    const THEN: Millis = 1_790_000_000_000;

    async fn ahead(now: Millis, hosts: &[&str]) -> Option<Millis> {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(now));
        let dated = Dated::over(Arc::new(Says(TOLD)), clock);
        for host in hosts {
            let request = http::Request::get(format!("https://{host}/")).body(Bytes::new());
            dated.send(request.expect("a request")).await.expect("an answer");
        }
        dated.ahead(&["app.example".to_owned()])
    }

    #[tokio::test]
    async fn a_clock_is_judged_by_what_the_services_show() {
        assert_eq!(ahead(THEN, &["sare.example"]).await, Some(0));
        let days = 2 * 86_400_000;
        assert_eq!(
            ahead(THEN + days, &["sare.example", "a.example"]).await,
            Some(days)
        );
        assert_eq!(ahead(THEN - days, &["sare.example"]).await, Some(-days));
        assert_eq!(
            ahead(THEN + days, &["app.example"]).await,
            None,
            "that may be ourselves"
        );
    }

    #[test]
    fn one_service_whose_clock_is_wrong_does_not_accuse_ours() {
        assert_eq!(middle(vec![]), None);
        assert_eq!(middle(vec![500, 172_800_000]), Some(500));
        assert_eq!(middle(vec![-172_800_000, 0, 900]), Some(0));
        assert_eq!(middle(vec![172_800_000, 172_800_900, 3]), Some(172_800_000));
    }

    #[test]
    fn spans_are_told_in_the_unit_that_fits() {
        let minute = 60_000;
        let all = [minute, -3 * minute, 125 * minute, 48 * 60 * minute];
        assert_eq!(all.map(span), ["1 minute", "3 minutes", "2 hours", "2 days"]);
    }
}
