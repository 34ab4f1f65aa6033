//! The one decision about a contact: from what the configuration wants, what was known, what the shop shows and what SARE
//! shows to everything that follows.
//!
//! The engine carries it out; preview and trial show it. Each builds a [`Case`] of what it has
//! read, and nobody assembles facts, scope, groups and step in another way. The audit alone decides by code of its own, so
//! that a fault here is noticed.

use crate::config::{Config, DeletedAction};
use crate::consent::{self, Facts, Followed, Known, Noticed, RefusalOrigin, Rules, SareView, ShopView};
use crate::email::Email;
use crate::mapping::Traits;
use crate::plan::{self, Circumstances, Step};
use crate::scope::Scope;

/// Everything that a decision depends on.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// The merchant's choices.
    pub config: &'a Config,
    /// The address.
    pub email: &'a Email,
    /// What was known before.
    pub known: Known,
    /// What the records of the address say and said.
    pub shop: ShopView,
    /// What SARE says.
    pub sare: SareView,
    /// What comes along from an address that the person left.
    pub followed: Option<Followed>,
    /// A record that went to another address withdrew its consent on the way.
    pub withdrew_on_leaving: bool,
    /// A record that went to another address took a consent along.
    pub consent_left: bool,
    /// A person wants a refusal of SARE's carried into the shop, whatever the merchant's choice is.
    pub applies_refusal: bool,
    /// No record was deleted: whoever is gone from this address is at another one now.
    pub address_left: bool,
    /// Groups of ours that SARE was told of.
    pub had_groups: &'a [i64],
    /// The fingerprint of what SARE was last told, where it was told anything.
    pub sent: Option<&'a [u8]>,
    /// SARE is known, or assumed, to hold something else than it was told.
    pub differs: bool,
}

/// What a decision comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The facts to keep.
    pub facts: Facts,
    /// What was noticed; each becomes a line of history ([`Noticed::history`]).
    pub noticed: Vec<Noticed>,
    /// What to do in SARE.
    pub step: Step,
    /// Whether the shop is to be told of a refusal made in SARE.
    pub tells_shop: bool,
    /// Once SARE shows that it refuses, the contact leaves our groups: it withdrew in the shop, and the merchant wants it so.
    pub leaves_groups: bool,
    /// What the contact is synchronised as.
    pub scope: Scope,
    /// Values for SARE, where they could be told.
    pub traits: Option<Traits>,
    /// Groups of ours it belongs in.
    pub groups: Vec<i64>,
    /// Fingerprint of values and groups.
    pub fingerprint: Option<[u8; 16]>,
    /// Consent was withdrawn only in that the record it came from now stands under another address.
    pub abandoned: bool,
}

impl Decision {
    /// SARE was found to hold something else than it was told: what would be kept is updated.
    pub fn found_to_differ(&mut self) {
        if self.step == Step::Keep {
            self.step = Step::Update;
        }
    }
}

/// A contact's facts, and what they came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    pub facts: Facts,
    /// What was noticed.
    pub noticed: Vec<Noticed>,
    /// As [`Decision::abandoned`].
    pub abandoned: bool,
}

impl<'a> Case<'a> {
    /// An address that no record has come to or left, of which SARE was told nothing.
    pub fn of(config: &'a Config, email: &'a Email, known: Known, shop: ShopView, sare: SareView) -> Self {
        Self {
            config,
            email,
            known,
            shop,
            sare,
            followed: None,
            withdrew_on_leaving: false,
            consent_left: false,
            applies_refusal: false,
            address_left: false,
            had_groups: &[],
            sent: None,
            differs: false,
        }
    }

    /// What the merchant's rules make of the contact.
    pub fn scope(&self) -> Scope {
        let (accounts, active) = (self.shop.accounts(), self.shop.subscriber_active());
        self.config.scope(self.email, &accounts, active)
    }

    /// Groups of ours it belongs in while it consents.
    fn groups(&self, scope: Scope) -> Vec<i64> {
        // A customer who is left out stays in the customers' group if already there.
        let stays = self.had_groups.contains(&self.config.customers.group);
        let as_customer = !self.shop.customers.is_empty() && (stays || scope.as_customer);
        self.config.groups(as_customer, !self.shop.subscribers.is_empty())
    }
}

/// Folds what both sides say into what was known.
pub fn weigh(case: &Case<'_>) -> Weighed {
    let rules = Rules {
        customer: case.config.customers.consent,
        on_new_opt_in: case.config.unsubscribe.on_new_opt_in,
    };
    let (mut facts, mut noticed) = consent::observe(&case.known, &case.shop, case.sare, case.followed, rules);
    if case.withdrew_on_leaving {
        facts.withdrawn = true;
        facts.consent = false;
    }
    // Nobody left at the address has consented: it must not stay mailable because of a record that left.
    let abandoned = case.consent_left
        && case.known.facts.is_some_and(|f| f.consent)
        && !(facts.consent || facts.withdrawn || facts.refusal.is_some() || case.shop.is_empty());
    if abandoned {
        facts.withdrawn = true;
        noticed.push(Noticed::WithdrawnInShop);
    }
    Weighed {
        facts,
        noticed,
        abandoned,
    }
}

/// Decides about a contact. `traits` gives the values for SARE of a contact of that scope, where they can be told.
pub fn decide(case: &Case<'_>, traits: impl FnOnce(Scope) -> Option<Traits>) -> Decision {
    let config = case.config;
    let Weighed {
        facts,
        noticed,
        abandoned,
    } = weigh(case);
    let scope = case.scope();
    let groups = if facts.withdrawn && config.unsubscribe.leave_group {
        Vec::new()
    } else {
        case.groups(scope)
    };
    let traits = traits(scope);
    let fingerprint = traits.as_ref().map(|traits| traits.fingerprint(&groups));
    let at = Circumstances {
        in_shop: !case.shop.is_empty(),
        in_scope: scope.is_in(),
        may_confirm: scope.may_confirm,
        told: case.sent.is_some() || !case.had_groups.is_empty(),
        differs: fingerprint.map_or(case.differs, |new| case.differs || case.sent != Some(&new[..])),
        without_consent: if scope.as_customer {
            config.customers.without_consent
        } else {
            config.subscribers.without_consent
        },
        to_sare: config.unsubscribe.to_sare,
        deleted: if case.address_left {
            // The person did not leave the shop, the address did.
            DeletedAction::LeaveGroup
        } else {
            config.deleted.action
        },
    };
    let step = plan::next_step(&facts, case.sare, &at);
    let withdrew = match step {
        Step::Unsubscribe { .. } => true,
        Step::Suppress => facts.refusal.is_some_and(|r| r.origin == RefusalOrigin::Shop),
        _ => false,
    };
    let is_wanted = config.unsubscribe.to_shoper || case.applies_refusal;
    Decision {
        step,
        leaves_groups: config.unsubscribe.leave_group && withdrew,
        tells_shop: is_wanted && facts.refusal.is_some_and(|refusal| !refusal.applied),
        facts,
        noticed,
        scope,
        traits,
        groups,
        fingerprint,
        abandoned,
    }
}
