//! How many customers and subscribers the shop has at this moment, and how many of them consent, as the shop counts them.

use engine::Engine;
use store::Shop;
use sync_core::config::{Config, ConsentRule};

use crate::error::Error;
use crate::sides::{Patience, ShopSide};

/// The shop's own counts; `None` where it does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Customers, guests included.
    pub customers: Option<i64>,
    /// Of these, with the newsletter's flag.
    pub customers_flagged: Option<i64>,
    /// Subscribers.
    pub subscribers: Option<i64>,
    /// Of these, active ones.
    pub subscribers_active: Option<i64>,
}

impl Size {
    /// Asks the shop.
    ///
    /// # Errors
    /// When the shop cannot be asked.
    pub async fn read(engine: &Engine, shop: &Shop) -> Result<Self, Error> {
        let side = ShopSide::open(engine, shop, Patience::Once).await?;
        let number = |answer: Result<Option<u64>, shoper_api::Error>| match answer {
            Ok(n) => Ok(n.and_then(|n| i64::try_from(n).ok())),
            Err(shoper_api::Error::Forbidden { .. } | shoper_api::Error::FilterUnsupported { .. }) => {
                Ok(None)
            }
            Err(error) => Err(Error::from(error)),
        };
        Ok(Self {
            customers: number(side.ask(|c| async move { c.count_users(&[]).await }).await)?,
            customers_flagged: number(
                side.ask(|c| async move { c.count_users(&[("newsletter", "1")]).await })
                    .await,
            )?,
            subscribers: number(side.ask(|c| async move { c.count_subscribers(&[]).await }).await)?,
            subscribers_active: number(
                side.ask(|c| async move { c.count_subscribers(&[("active", "1")]).await })
                    .await,
            )?,
        })
    }

    /// How many people a first synchronisation can make mailable at most: all who consent by the merchant's rule, before
    /// SARE is asked who of them refused or is there already. `None` where the shop does not tell.
    pub fn mailable_at_most(&self, config: &Config) -> Option<i64> {
        let customers = config.customers.enabled;
        let by_flag = customers && config.customers.consent != ConsentRule::Subscriber;
        let by_row =
            config.subscribers.enabled || (customers && config.customers.consent != ConsentRule::Flag);
        let of = |counts: bool, n: Option<i64>| if counts { n } else { Some(0) };
        let most = of(by_flag, self.customers_flagged)? + of(by_row, self.subscribers_active)?;
        // A customer who subscribed as well is counted twice above, and where subscribers are not synchronised nobody but
        // customers is mailed, however many subscribe.
        Some(match self.customers {
            Some(all) if customers && !config.subscribers.enabled => most.min(all),
            _ => most,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_count_whose_word_is_consent() {
        let size = Size {
            customers: Some(100),
            customers_flagged: Some(40),
            subscribers: Some(30),
            subscribers_active: Some(20),
        };
        let mut config = Config::default();
        assert_eq!(size.mailable_at_most(&config), Some(0));
        config.subscribers.enabled = true;
        assert_eq!(size.mailable_at_most(&config), Some(20));
        config.customers.enabled = true;
        assert_eq!(size.mailable_at_most(&config), Some(60));
        config.subscribers.enabled = false;
        let many = Size {
            customers: Some(50),
            ..size
        };
        assert_eq!(many.mailable_at_most(&config), Some(50), "no more than there are");
        config.customers.consent = ConsentRule::Subscriber;
        let few = Size {
            customers: Some(12),
            ..size
        };
        assert_eq!(few.mailable_at_most(&config), Some(12), "no more than there are");
        config.customers.consent = ConsentRule::Flag;
        assert_eq!(size.mailable_at_most(&config), Some(40));
        let unknown = Size {
            customers_flagged: None,
            ..size
        };
        assert_eq!(unknown.mailable_at_most(&config), None);
    }
}
