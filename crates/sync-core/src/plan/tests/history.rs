//! Whatever happens on either side, in whatever order: the promises hold.
//!
//! A world of one address is driven by random acts of the person, the shop's and the account's people,
//! and by looks of ours, some of which fail to write. Whether a step was right is judged from the acts
//! alone, not from what the decisions under test made of them.

use proptest::prelude::*;

use super::*;

/// Something that happens.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// The customer is there and says this; not there before: created.
    Customer(bool),
    /// The same of a subscriber.
    Subscriber(bool),
    DeleteCustomer,
    DeleteSubscriber,
    /// A customer comes here from another address, and this comes along.
    Arrive {
        before: bool,
        now: bool,
        with: Option<Followed>,
    },
    /// Whether the shop says what the customer and the subscriber want.
    Silence(bool, bool),
    /// Somebody at the shop decides that a consent in doubt counts.
    Decide,
    /// Somebody sets the status in SARE; 0 deletes the contact there.
    Sare(Status),
    /// We look, and do what follows.
    Look,
    /// We look, keep the facts, and fail to write.
    LookAndFail,
    /// We look, and the list of statuses does not name the contact.
    LookPastIt,
    /// We look and write; SARE takes a lowering of the status in later.
    LookAndWait,
    /// SARE takes in what it had put off.
    Settle,
    /// The merchant chooses anew.
    Choose(OnNewOptIn, ConsentRule),
}

/// What becomes of what we write.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Writes {
    Through,
    Late,
    Fail,
}

/// One source in the shop: what it means, whether it says so, and what it said when last seen.
#[derive(Debug, Clone, Copy, Default)]
struct Source {
    now: Option<bool>,
    silent: bool,
    /// `Some(None)`: seen, and never said anything.
    seen: Option<Option<bool>>,
    /// It said nothing when last seen.
    gap: bool,
    moved: bool,
}

impl Source {
    fn signal(&self, first_done: bool) -> Option<Signal> {
        let fresh = first_done && self.seen.is_none();
        self.now.map(|now| Signal {
            now: (!self.silent).then_some(now),
            before: self.seen.flatten().filter(|_| !(self.silent && self.moved)),
            moved: self.moved,
            fresh,
            gap: self.gap,
            account: None,
        })
    }

    fn lost(&self) -> Option<bool> {
        if self.now.is_none() {
            self.seen.flatten()
        } else {
            None
        }
    }

    fn commit(&mut self) {
        let said = self.seen.flatten().filter(|_| !self.moved);
        self.seen = self.now.map(|now| if self.silent { said } else { Some(now) });
        self.gap = self.now.is_some() && self.silent;
        self.moved = false;
    }
}

struct World {
    at: Circumstances,
    rules: Rules,
    customer: Source,
    subscriber: Source,
    arrived_with: Option<Followed>,
    decided: bool,
    sare: Status,
    // The ledger.
    facts: Option<Facts>,
    seen_status: Option<Status>,
    told: bool,
    looked: bool,
    lowering: Option<Status>,
    // What SARE has put off.
    put_off: Option<Status>,
    // The judge's own book.
    time: u64,
    opted_in_at: u64,
    refused_at: Option<u64>,
    saw: Option<Status>,
    /// The status that SARE took in late.
    ours: Option<Status>,
    /// Somebody came from an address that casts a doubt, and nobody has decided since.
    doubted: bool,
}

impl World {
    fn new(at: Circumstances, rules: Rules) -> Self {
        Self {
            at,
            rules,
            customer: Source::default(),
            subscriber: Source::default(),
            arrived_with: None,
            decided: false,
            sare: Status::Absent,
            facts: None,
            seen_status: None,
            told: false,
            looked: false,
            lowering: None,
            put_off: None,
            time: 0,
            opted_in_at: 0,
            refused_at: None,
            saw: None,
            ours: None,
            doubted: false,
        }
    }

    fn act(&mut self, act: Act) -> Result<(), TestCaseError> {
        self.time += 1;
        match act {
            Act::Customer(says) => {
                if says && self.customer.now != Some(true) {
                    self.opted_in_at = self.time;
                }
                self.customer.now = Some(says);
            }
            Act::Subscriber(says) => {
                if says && self.subscriber.now != Some(true) {
                    self.opted_in_at = self.time;
                }
                self.subscriber.now = Some(says);
            }
            Act::DeleteCustomer => self.customer.now = None,
            Act::DeleteSubscriber => self.subscriber.now = None,
            Act::Arrive { before, now, with } => {
                if self.customer.now.is_none() && self.customer.seen.is_none() {
                    self.customer = Source {
                        now: Some(now),
                        seen: Some(Some(before)),
                        moved: true,
                        ..self.customer
                    };
                    self.arrived_with = with;
                }
            }
            Act::Silence(customer, subscriber) => {
                self.customer.silent = customer;
                self.subscriber.silent = subscriber;
            }
            Act::Decide => self.decided = true,
            Act::Sare(number) => {
                if number != Status::Absent || self.sare != Status::Blocked {
                    self.sare = number;
                    self.ours = None;
                }
            }
            Act::Look => self.look(Writes::Through, false)?,
            Act::LookAndFail => self.look(Writes::Fail, false)?,
            Act::LookPastIt => self.look(Writes::Through, true)?,
            Act::LookAndWait => self.look(Writes::Late, false)?,
            Act::Settle => {
                if let Some(to) = self.put_off.take()
                    && self.sare.is_open()
                {
                    // Our own doing, and no new word of the person's.
                    self.sare = to;
                    self.ours = Some(to);
                }
            }
            Act::Choose(on_new_opt_in, customer) => {
                self.rules = Rules {
                    customer,
                    on_new_opt_in,
                }
            }
        }
        Ok(())
    }

    fn known(&self) -> Known {
        let there = self.seen_status.is_some_and(|n| n != Status::Absent);
        Known {
            facts: self.facts,
            seen_in_sare: there || self.told,
            was_in_sare: there,
            lowering: self.lowering.is_some(),
            decided: self.decided,
        }
    }

    fn view(&self) -> ShopView {
        ShopView {
            customers: self.customer.signal(self.looked).into_iter().collect(),
            subscribers: self.subscriber.signal(self.looked).into_iter().collect(),
            lost: self
                .customer
                .lost()
                .into_iter()
                .chain(self.subscriber.lost())
                .collect(),
        }
    }

    /// What the engine would hand over: absences of contacts that were there are confirmed.
    fn sare_view(&self, past_it: bool) -> SareView {
        if self.sare != Status::Absent && !past_it {
            return SareView::Status(self.sare);
        }
        let known = self.known();
        let confirms = known.was_in_sare && known.facts.is_none_or(|f| f.refusal.is_none());
        match (confirms, self.sare) {
            (true, Status::Absent) => SareView::SurelyAbsent,
            (true, n) => SareView::Status(n),
            (false, _) => SareView::Absent,
        }
    }

    fn circumstances(&self, differs: bool) -> Circumstances {
        Circumstances {
            in_shop: !self.view().is_empty(),
            told: self.told,
            differs,
            ..self.at
        }
    }

    fn look(&mut self, writes: Writes, past_it: bool) -> Result<(), TestCaseError> {
        let (known, view, sare) = (self.known(), self.view(), self.sare_view(past_it));
        let (facts, noticed) = observe(&known, &view, sare, self.arrived_with, self.rules);
        prop_assert_eq!(
            (facts, noticed.clone()),
            observe(&known, &view, sare, self.arrived_with, self.rules)
        );
        self.never_shrinks(&view, sare, &facts)?;
        self.nothing_comes_of_silence(&view, sare, &facts)?;
        let withdrew = self.book(&view, sare);
        let vetoed = known.facts.is_none() && view.subscribers.iter().any(|s| s.word() == Some(false));
        // A consent acted upon is not doubted: it is withdrawn or refused.
        let unacted = known.facts.is_none_or(|f| !f.consent);
        self.doubted |= self.arrived_with.is_some_and(|f| f.doubt) && unacted;
        self.doubted &= !noticed.contains(&Noticed::DoubtDecided);

        // Facts and records are kept before anything is written.
        let at = self.circumstances(true);
        self.facts = Some(facts);
        self.customer.commit();
        self.subscriber.commit();
        self.arrived_with = None;
        self.decided = false;
        self.looked = true;
        match sare {
            SareView::Status(n) => {
                self.seen_status = Some(n);
                if n.is_refusal() || self.lowering == Some(n) {
                    self.lowering = None;
                }
            }
            SareView::SurelyAbsent => {
                self.seen_status = Some(Status::Absent);
                self.told = false;
            }
            SareView::Absent | SareView::Unreadable => {}
        }
        let step = next_step(&facts, sare, &at);
        self.judge(step, sare, withdrew, vetoed)?;
        let before = self.sare;
        match (writes, step) {
            (Writes::Fail, _) => {}
            (Writes::Late, Step::Unsubscribe { to }) => {
                self.put_off = Some(to);
                self.lowering = Some(to);
                return Ok(());
            }
            _ => self.carry_out(step, sare),
        }
        if matches!(before, Status::Blocked | Status::Other(9)) {
            prop_assert_eq!(self.sare, before, "never touched");
        }
        // A lowering proven just now had held back what SARE says beside it.
        if !past_it && known.lowering == self.lowering.is_some() {
            self.again_is_quiet(writes != Writes::Fail, step)?;
        }
        Ok(())
    }

    /// Refusals and withdrawals go away only with an opt-in or because SARE says so.
    fn never_shrinks(&self, view: &ShopView, sare: SareView, facts: &Facts) -> Result<(), TestCaseError> {
        let Some(before) = self.facts else { return Ok(()) };
        let opened = matches!(sare, SareView::Status(n) if n.is_open());
        if before.refusal.is_some() && facts.refusal.is_none() {
            prop_assert!(opened, "a refusal was forgotten: {before:?} {facts:?}");
        }
        if before.withdrawn && !facts.withdrawn {
            let signals = || view.customers.iter().chain(&view.subscribers);
            let opted_in = signals().any(|s| s.now == Some(true) && (s.before == Some(false) || s.fresh));
            prop_assert!(
                opted_in || (opened && before.refusal.is_some()),
                "a withdrawal was forgotten"
            );
        }
        Ok(())
    }

    /// Where the shop says nothing now, there is neither a withdrawal nor an opt-in, nor anything to be noticed.
    fn nothing_comes_of_silence(
        &self,
        view: &ShopView,
        sare: SareView,
        facts: &Facts,
    ) -> Result<(), TestCaseError> {
        let silent = view
            .customers
            .iter()
            .chain(&view.subscribers)
            .all(|s| s.now.is_none());
        if !silent || !view.lost.is_empty() || self.arrived_with.is_some() {
            return Ok(());
        }
        let before = self.facts.unwrap_or_default();
        prop_assert!(
            before.withdrawn || !facts.withdrawn,
            "a withdrawal out of silence: {facts:?}"
        );
        if self.facts.is_none() {
            prop_assert!(!facts.consent, "a consent out of silence: {facts:?}");
        }
        if before.opt_in.is_none() && !self.decided && !matches!(sare, SareView::Status(_)) {
            prop_assert_eq!(facts.opt_in, None, "an opt-in out of silence");
        }
        Ok(())
    }

    /// Notes in the judge's book what this look sees; whether it sees a withdrawal.
    fn book(&mut self, view: &ShopView, sare: SareView) -> bool {
        let number = sare.status();
        let was = self.saw;
        let came_back = number.is_open() && was.is_some_and(|n| n.is_refusal() || n == Status::Absent);
        if came_back {
            self.refused_at = None;
        }
        let newly = number.is_refusal() && was != Some(number) && self.ours != Some(number);
        let vanished = sare == SareView::SurelyAbsent && was.is_some_and(|n| n != Status::Absent);
        let withdrew = view
            .customers
            .iter()
            .chain(&view.subscribers)
            .any(|s| s.before == Some(true) && s.now == Some(false));
        if newly || vanished || withdrew || self.arrived_with.is_some_and(|f| f.refusal.is_some()) {
            self.refused_at = Some(self.time);
        }
        // Blocked or unknown in between says nothing of the person's will.
        if sare != SareView::Absent && (number == Status::Absent || number.is_open() || number.is_refusal()) {
            self.saw = Some(number);
        }
        withdrew
    }

    fn judge(&self, step: Step, sare: SareView, withdrew: bool, vetoed: bool) -> Result<(), TestCaseError> {
        if let SareView::Status(n) = sare
            && !n.is_open()
            && !n.is_refusal()
        {
            prop_assert_eq!(step, Step::HandsOff);
            return Ok(());
        }
        let upwards = match step {
            Step::Raise { .. } => true,
            Step::Add { status, confirm } => status == Status::Confirmed || confirm,
            _ => false,
        };
        if upwards && let Some(refused_at) = self.refused_at {
            prop_assert!(
                self.opted_in_at > refused_at,
                "{step:?} without an opt-in after the refusal: {:?}",
                self.facts
            );
        }
        prop_assert!(!(upwards && vetoed), "{step:?} in spite of an inactive row");
        prop_assert!(
            !(upwards && self.doubted),
            "{step:?} in spite of the old address: {:?}",
            self.facts
        );
        if withdrew && sare == SareView::Status(Status::Confirmed) {
            prop_assert!(
                matches!(step, Step::Unsubscribe { .. }),
                "a withdrawal ended in {step:?}"
            );
        }
        Ok(())
    }

    /// What the engine does with the step, and what SARE makes of it (sare-api.md 5).
    fn carry_out(&mut self, step: Step, view: SareView) {
        let mut facts = self.facts.unwrap_or_default();
        match step {
            Step::Add { status, confirm } => {
                if self.sare == Status::Absent {
                    self.sare = status;
                }
                self.told = true;
                self.seen_status = Some(status);
                self.saw = Some(status);
                if confirm || facts.opt_in.is_some() {
                    facts.refusal = None;
                    facts.opt_in = None;
                    self.refused_at = None;
                }
                if let (true, Some(refusal)) = (status.is_refusal(), &mut facts.refusal) {
                    refusal.origin = RefusalOrigin::Shop;
                }
            }
            Step::Update => self.told = true,
            Step::Unsubscribe { to } => {
                facts.opt_in = None;
                self.lowering = None;
                self.put_off = None;
                self.sare = to;
                self.seen_status = Some(to);
                self.saw = Some(to);
                if to.is_refusal() {
                    let origin = facts.refusal.map_or(RefusalOrigin::Shop, |r| r.origin);
                    facts.refusal = Some(Refusal {
                        status: to,
                        origin,
                        applied: true,
                    });
                }
            }
            Step::Raise { to, .. } => {
                self.sare = to;
                self.seen_status = Some(to);
                self.saw = Some(to);
                facts.refusal = None;
                facts.opt_in = None;
                self.refused_at = None;
            }
            Step::Leave(DeletedAction::Delete) => {
                if matches!(view, SareView::Status(_)) {
                    self.sare = Status::Absent;
                    self.seen_status = None;
                }
                self.told = false;
            }
            Step::Leave(DeletedAction::LeaveGroup) => self.told = false,
            Step::Keep | Step::Suppress | Step::Skip | Step::HandsOff | Step::Leave(DeletedAction::Keep) => {}
        }
        self.facts = Some(facts);
    }

    /// The same state looked at once more brings no news, and once written no second write.
    fn again_is_quiet(&self, written: bool, step: Step) -> Result<(), TestCaseError> {
        let (known, view, sare) = (self.known(), self.view(), self.sare_view(false));
        let (facts, noticed) = observe(&known, &view, sare, self.arrived_with, self.rules);
        prop_assert!(noticed.is_empty(), "noticed again: {noticed:?}");
        let again = next_step(&facts, sare, &self.circumstances(!written));
        if written {
            // Whoever left the shop and refused is first unsubscribed, then left.
            let leaves =
                matches!(step, Step::Unsubscribe { .. } | Step::Leave(_)) && matches!(again, Step::Leave(_));
            prop_assert!(!again.writes() || leaves, "{step:?}, then {again:?}");
        } else {
            // Who has vanished from SARE is in no group of ours any more.
            let vanished =
                matches!(step, Step::Leave(_)) && again == Step::Skip && self.sare == Status::Absent;
            prop_assert!(again == step || vanished, "{step:?}, then {again:?}");
        }
        Ok(())
    }
}

fn act() -> impl Strategy<Value = Act> {
    let status = prop_oneof![
        4 => prop::sample::select(vec![Status::RemovedManually, Status::RemovedAutomatically, Status::RemovalRequested]),
        3 => prop::sample::select(vec![Status::NotVerified, Status::NotConfirmed, Status::Confirmed]),
        1 => prop::sample::select(vec![Status::Absent, Status::Blocked, Status::Other(9)]),
    ];
    prop_oneof![
        4 => any::<bool>().prop_map(Act::Customer),
        4 => any::<bool>().prop_map(Act::Subscriber),
        1 => Just(Act::DeleteCustomer),
        1 => Just(Act::DeleteSubscriber),
        1 => (any::<bool>(), any::<bool>(), prop::option::of(followed()))
            .prop_map(|(before, now, with)| Act::Arrive { before, now, with }),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(one, other)| Act::Silence(one, other)),
        1 => Just(Act::Decide),
        4 => status.prop_map(Act::Sare),
        8 => Just(Act::Look),
        2 => Just(Act::LookAndFail),
        1 => Just(Act::LookPastIt),
        2 => Just(Act::LookAndWait),
        1 => Just(Act::Settle),
        1 => (choice(), rule()).prop_map(|(choice, rule)| Act::Choose(choice, rule)),
    ]
}

fn followed() -> impl Strategy<Value = Followed> {
    prop_oneof![
        2 => prop::sample::select(vec![Status::RemovedManually, Status::RemovedAutomatically, Status::RemovalRequested, Status::NotConfirmed]).prop_map(Followed::refusal),
        1 => Just(Followed::doubt()),
        1 => Just(Followed::refusal(Status::RemovalRequested).and(Followed::doubt())),
    ]
}

fn choice() -> impl Strategy<Value = OnNewOptIn> {
    prop::sample::select(OnNewOptIn::ALL)
}

fn rule() -> impl Strategy<Value = ConsentRule> {
    prop::sample::select(ConsentRule::ALL)
}

fn circumstances() -> impl Strategy<Value = Circumstances> {
    let words = (
        prop::sample::select(WithoutConsent::ALL),
        prop::sample::select(UnsubscribeStatus::ALL),
        prop::sample::select(DeletedAction::ALL),
        prop::bool::weighted(0.9),
    );
    words.prop_map(|(without_consent, to_sare, deleted, in_scope)| Circumstances {
        in_shop: true,
        in_scope,
        may_confirm: true,
        told: false,
        differs: true,
        without_consent,
        to_sare,
        deleted,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_mails_anyone_against_their_last_known_word(
        at in circumstances(),
        choice in choice(),
        rule in rule(),
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let mut world = World::new(at, Rules { customer: rule, on_new_opt_in: choice });
        for act in acts {
            world.act(act)?;
        }
        // Left alone, everything comes to rest within two looks, and rests there.
        world.act(Act::Settle)?;
        for _ in 0..2 {
            world.act(Act::Look)?;
        }
        if let Some(refused_at) = world.refused_at && world.opted_in_at <= refused_at {
            prop_assert_ne!(world.sare, Status::Confirmed, "mailed after a refusal: {:?}", world.facts);
        }
    }
}
