//! What can happen in the world, told in numbers: shops by their place, customers, subscribers and orders by
//! their ids, contacts of SARE by the number of their row.

use serde::Serialize;

/// One thing that happened. Nothing in it is personal, so that histories can be kept and printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum Act {
    /// Nobody was there to do anything.
    Nothing { shop: usize },
    /// A customer opened an account; a guest who had ordered may have turned into one.
    Registered {
        shop: usize,
        /// The customer.
        user: i64,
        /// Whether the newsletter was ticked.
        newsletter: bool,
    },
    /// A customer's newsletter flag changed.
    Flag {
        shop: usize,
        /// The customer.
        user: i64,
        /// The flag now.
        newsletter: bool,
    },
    /// A customer's address changed.
    CustomerMoved {
        shop: usize,
        /// The customer.
        user: i64,
        /// Whether the new address is that of a subscriber.
        to_subscriber: bool,
    },
    /// A customer was deleted.
    CustomerDeleted {
        shop: usize,
        /// The customer.
        user: i64,
    },
    /// Somebody signed up for the newsletter.
    Subscribed {
        shop: usize,
        subscriber: i64,
        /// Whether the row is new; otherwise one was switched on again.
        new: bool,
    },
    /// A subscription was switched off.
    SwitchedOff { shop: usize, subscriber: i64 },
    /// A subscriber's address was changed by the staff.
    SubscriberMoved {
        shop: usize,
        subscriber: i64,
        /// Whether the new address is that of a customer.
        to_customer: bool,
    },
    /// A subscriber was deleted.
    SubscriberDeleted { shop: usize, subscriber: i64 },
    /// A customer left the newsletter altogether: flag and subscription are off.
    LeftNewsletter {
        shop: usize,
        /// The customer.
        user: i64,
    },
    /// Somebody ordered.
    Ordered {
        shop: usize,
        order: i64,
        /// Whether without an account.
        guest: bool,
    },
    /// The staff edited a customer.
    Edited {
        shop: usize,
        /// The customer.
        user: i64,
        /// What was edited.
        what: Edited,
    },
    /// An administrator opened a customer for editing, or closed one.
    Opened {
        shop: usize,
        /// The customer.
        user: i64,
        /// Whether the customer is open now.
        open: bool,
    },
    /// A recipient clicked the link for unsubscribing.
    ClickedUnsubscribe {
        /// The shop whose account it is.
        shop: usize,
        /// The row in SARE.
        contact: u32,
    },
    /// A recipient clicked the link for confirming.
    Confirmed {
        /// The shop whose account it is.
        shop: usize,
        /// The row in SARE.
        contact: u32,
    },
    /// An operator set a status in the panel.
    StatusSet {
        /// The shop whose account it is.
        shop: usize,
        /// The row in SARE.
        contact: u32,
        /// The status: 2 signed out, 7 blocked, any other by hand.
        status: i64,
    },
    /// An operator had a contact forgotten.
    Forgotten {
        /// The shop whose account it is.
        shop: usize,
        /// The row in SARE.
        contact: u32,
    },
    /// An operator deleted a contact.
    Deleted {
        /// The shop whose account it is.
        shop: usize,
        /// The row in SARE.
        contact: u32,
    },
}

/// What the staff edit of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Edited {
    /// The name.
    Name,
    /// Phone and address.
    Address,
    /// A tag.
    Tag,
    /// The note.
    Comment,
}

/// What is drawn, before it is known who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// [`Act::Registered`]
    Register,
    /// [`Act::Flag`], on
    Tick,
    /// [`Act::Flag`], off
    Untick,
    /// [`Act::CustomerMoved`]
    MoveCustomer,
    /// [`Act::CustomerDeleted`]
    DeleteCustomer,
    /// [`Act::Subscribed`]
    Subscribe,
    /// [`Act::SwitchedOff`]
    SwitchOff,
    /// [`Act::SubscriberMoved`]
    MoveSubscriber,
    /// [`Act::SubscriberDeleted`]
    DeleteSubscriber,
    /// [`Act::LeftNewsletter`]
    LeaveNewsletter,
    /// [`Act::Ordered`]
    Order,
    /// [`Act::Edited`]
    Edit,
    /// [`Act::Opened`]
    Open,
    /// [`Act::ClickedUnsubscribe`]
    Click,
    /// [`Act::Confirmed`]
    Confirm,
    /// [`Act::StatusSet`], 2
    SignOut,
    /// [`Act::StatusSet`], 7
    Block,
    /// [`Act::StatusSet`], 5, 6 or 8
    SetStatus,
    /// [`Act::Forgotten`]
    Forget,
    /// [`Act::Deleted`]
    Delete,
}
