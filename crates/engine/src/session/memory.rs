//! What a halted turn had learnt, so that the next one need not ask for it again.

use store::{AddrHash, DirtyKey};
use sync_core::RecordKey;
use sync_core::consent::SareView;

use super::Session;

/// How an absence is written among what a turn learnt: by a number that no account uses for a status.
const ABSENT: i64 = i64::MIN;
/// The same for one that was asked after by itself.
const SURELY_ABSENT: i64 = i64::MIN + 1;

impl Session<'_> {
    /// Whether the shop has said just now that the record is gone.
    pub fn is_gone(&self, key: RecordKey) -> bool {
        let now = self.now();
        self.state().learnt.is_gone(&DirtyKey::Record(key).encode(), now)
    }

    /// What SARE said of an address less than `age_ms` ago, to a turn that was halted.
    pub fn recent_view(&self, hash: AddrHash, age_ms: i64) -> Option<SareView> {
        let since = self.now() - age_ms;
        let state = self.state();
        if state.learnt.views.is_empty() {
            return None;
        }
        Some(match state.learnt.view(&hash.to_hex(), since)? {
            ABSENT => SareView::Absent,
            SURELY_ABSENT => SareView::SurelyAbsent,
            status => SareView::Status(status),
        })
    }

    /// SARE says this of an address.
    pub fn note_view(&self, hash: AddrHash, view: SareView) {
        let view = match view {
            SareView::Absent => ABSENT,
            SareView::SurelyAbsent => SURELY_ABSENT,
            SareView::Status(status) => status,
        };
        let now = self.now();
        self.pacer.learnt().views.insert(hash.to_hex(), (view, now));
    }

    /// Something was written that may have changed what SARE says of the address.
    pub fn forget_view(&self, hash: AddrHash) {
        let hash = hash.to_hex();
        self.pacer.learnt().views.remove(&hash);
        self.state().learnt.views.remove(&hash);
    }

    /// The shop says that the record is gone.
    pub fn note_gone(&self, key: RecordKey) {
        let now = self.now();
        self.pacer
            .learnt()
            .gone
            .insert(DirtyKey::Record(key).encode(), now);
    }

    /// Whether the record was read just now as a piece of the contact that this dirty entry is about.
    pub fn has_piece(&self, entry: DirtyKey, version: i64, record: RecordKey) -> bool {
        let now = self.now();
        let record = DirtyKey::Record(record).encode();
        let state = self.state();
        state.learnt.has_piece((&entry.encode(), version), &record, now)
    }

    /// The record was read, and what it says is in the ledger.
    pub fn note_piece(&self, entry: DirtyKey, version: i64, record: RecordKey) {
        let now = self.now();
        let mut learnt = self.pacer.learnt();
        learnt.pieces.entry = (entry.encode(), version);
        learnt.pieces.read.insert(DirtyKey::Record(record).encode(), now);
    }

    /// A count that the shop gave just now to a turn that was halted.
    pub fn recent_count(&self, what: &str) -> Option<i64> {
        let now = self.now();
        self.state().learnt.count(what, now)
    }

    /// The shop counts so many; -1 where it does not count.
    pub fn note_count(&self, what: &str, count: i64) {
        let now = self.now();
        self.pacer.learnt().counts.insert(what.to_owned(), (count, now));
    }
}
