//! Ids of the shop's objects, each a kind of its own.

use serde::{Deserialize, Deserializer, Serialize};

use crate::wire::lenient;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        /// From a number or from digits, as ids come both ways (shoper-api.md D.5).
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
                lenient::id(source).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// `user_id`: a customer, guests among them.
    UserId
);
id!(
    /// `subscriber_id`: a row of the newsletter's list.
    SubscriberId
);
id!(
    /// `webhook_id`
    WebhookId
);
