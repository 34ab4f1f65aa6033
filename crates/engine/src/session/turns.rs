//! Turns of work: begun when there is room for them, and what a halted one leaves behind (`pacing.rs`).

use crate::error::{Halt, Side};
use crate::state::Learnt;

use super::Session;

impl Session<'_> {
    /// Requests the shop may be asked now, `reserve` left to others; 0 while it rests after a failure.
    pub fn shoper_room(&self, reserve: f64) -> f64 {
        let (now, state) = (self.now(), self.state());
        if state.timers.shoper > now {
            0.0
        } else {
            state.shoper.available(now, reserve)
        }
    }

    /// Requests SARE may be asked now.
    pub fn sare_room(&self, reserve: f64) -> f64 {
        let (now, state) = (self.now(), self.state());
        if state.timers.sare > now {
            0.0
        } else {
            state.sare.available(now, reserve)
        }
    }

    /// Stops the slice unless the shop may be asked `requests` times.
    pub fn need_shoper(&self, requests: f64, reserve: f64) -> Result<(), Halt> {
        let now = self.now();
        let state = self.state();
        if state.timers.shoper > now {
            return Err(Halt::Wait {
                side: Side::Shoper,
                until: state.timers.shoper,
                why: "shop-away",
            });
        }
        match state.shoper.ready_at(now, requests, reserve) {
            until if until > now => Err(Halt::no_place(Side::Shoper, until)),
            _ => Ok(()),
        }
    }

    /// Nothing may be written to an account in which updates of data change statuses.
    pub fn statuses_at_risk(&self) -> Halt {
        Halt::Wait {
            side: Side::Sare,
            until: self.now() + 3_600_000,
            why: "sare-changes-statuses",
        }
    }

    /// Stops the slice unless SARE may be asked `requests` times.
    pub fn need_sare(&self, requests: f64, reserve: f64) -> Result<(), Halt> {
        let now = self.now();
        let state = self.state();
        if state.updates_harm {
            return Err(self.statuses_at_risk());
        }
        if state.timers.sare > now {
            return Err(Halt::Wait {
                side: Side::Sare,
                until: state.timers.sare,
                why: match (state.sare_unpaid, state.sare_refused) {
                    (true, _) => "sare-payment",
                    (_, true) => "sare-access",
                    _ => "sare-away",
                },
            });
        }
        match state.sare.ready_at(now, requests, reserve) {
            until if until > now => Err(Halt::no_place(Side::Sare, until)),
            _ => Ok(()),
        }
    }

    /// Begins a turn of this kind when there is room for what it usually asks of the shop and of SARE, and for what one
    /// that was halted before is known to need.
    pub fn begin(&self, kind: &'static str, usual: (f64, f64), reserve: (f64, f64)) -> Result<Turn, Halt> {
        let known = self.state().needs.get(kind).copied().unwrap_or_default();
        let (shop, sare) = (usual.0.max(known.0), usual.1.max(known.1));
        if shop > 0.0 {
            self.need_shoper(shop, reserve.0)?;
        }
        if sare > 0.0 {
            self.need_sare(sare, reserve.1)?;
        }
        Ok(Turn {
            kind,
            asked: self.pacer.asked(),
        })
    }

    /// Ends a turn: one that was halted leaves behind what it needs and what it learnt (`pacing.rs`).
    pub fn end<T>(&self, turn: &Turn, result: &Result<T, Halt>) {
        let now = self.now();
        let (shop, sare) = turn.asked_since(self);
        let learnt = std::mem::take(&mut *self.pacer.learnt());
        let mut state = self.state();
        match result {
            Ok(_) => {
                if let Some(known) = state.needs.get_mut(turn.kind) {
                    *known = (known.0.min(shop), known.1.min(sare));
                }
                if state.learnt.by == turn.kind {
                    state.learnt = Learnt::default();
                }
            }
            Err(Halt::Wait { side, .. }) => {
                if matches!(result, Err(halt) if halt.is_for_room()) {
                    let known = state.needs.entry(turn.kind.to_owned()).or_default();
                    match side {
                        Side::Shoper => known.0 = shop + 1.0,
                        Side::Sare => known.1 = sare + 1.0,
                    }
                }
                state.learnt.add(learnt, now);
                state.learnt.by = turn.kind.to_owned();
            }
            Err(_) => {}
        }
    }

    /// Requests that a turn of this kind is known to need of SARE, at least `usual`.
    pub fn sare_needs(&self, kind: &str, usual: f64) -> f64 {
        self.state()
            .needs
            .get(kind)
            .map_or(usual, |known| known.1.max(usual))
    }

    /// Whether turns of this kind were found to need more than the shop's bucket holds.
    pub fn is_cramped(&self, kind: &str) -> bool {
        let state = self.state();
        let known = state.needs.get(kind).copied().unwrap_or_default();
        known.0 > state.shoper.limit || known.1 > state.sare.limit - 1.0
    }
}

/// A turn of work that is only over as a whole.
pub struct Turn {
    kind: &'static str,
    asked: [u32; 2],
}

impl Turn {
    /// Requests made since it began.
    fn asked_since(&self, s: &Session<'_>) -> (f64, f64) {
        let asked = s.pacer.asked();
        (
            f64::from(asked[0] - self.asked[0]),
            f64::from(asked[1] - self.asked[1]),
        )
    }

    /// What was done so far is committed: the turn counts anew.
    pub fn got_on(&mut self, s: &Session<'_>) {
        self.asked = s.pacer.asked();
        *s.pacer.learnt() = Learnt::default();
    }
}
