//! What happens in the demonstration after the first synchronisation, on both sides, and how long each takes to
//! arrive on the other.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use simulators::sare::ContactView;
use simulators::sare::status::CONFIRMED;
use simulators::shoper::{Customer, NewAddress, NewCustomer, WebhookFaults};
use sync_core::consent::Status;

use super::wait_for;
use super::world::{CUSTOMERS, SUBSCRIBERS, World};
use crate::commands::output;

/// Lets everything happen, one thing after the other.
///
/// # Errors
/// When something does not arrive in time.
pub async fn tell(world: &World, patience: Duration) -> anyhow::Result<()> {
    let story = Story { world, patience };
    story.somebody_subscribes().await?;
    story.a_customer_registers().await?;
    story.a_phone_changes().await?;
    story.an_address_changes().await?;
    story.somebody_unsubscribes_in_the_shop().await?;
    story.somebody_clicks_unsubscribe_in_a_newsletter().await?;
    story.a_customer_is_deleted().await?;
    story.a_webhook_is_lost().await
}

struct Story<'w> {
    world: &'w World,
    patience: Duration,
}

impl Story<'_> {
    /// Watches until `arrived` holds, and tells how long that took.
    async fn watch(&self, what: &str, arrived: impl Fn() -> bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        wait_for(self.patience, what, async || Ok(arrived().then_some(()))).await?;
        let took = begun.elapsed();
        let time = if took < Duration::from_secs(1) {
            format!("{} ms", took.as_millis())
        } else {
            format!("{:.1} s", took.as_secs_f64())
        };
        output::line(&format!("  {what:<72} {time:>8}"));
        Ok(())
    }

    fn in_sare(&self, email: &str, holds: impl Fn(&ContactView) -> bool) -> bool {
        self.world
            .sare
            .contact(email)
            .is_some_and(|contact| holds(&contact))
    }

    /// A customer whom SARE mails, of whom nothing else is told here: the `nth` such.
    fn mailed_customer(&self, nth: usize) -> anyhow::Result<Customer> {
        let suits = |customer: &Customer| {
            let alone = self.world.shop.subscriber_by_email(&customer.email).is_none();
            let phone = self
                .world
                .shop
                .addresses(customer.id)
                .iter()
                .any(|address| address.default);
            alone
                && phone
                && customer.newsletter
                && self.in_sare(&customer.email, |contact| contact.status == CONFIRMED)
        };
        let mut found = self.world.shop.customers().filter(|customer| suits(customer));
        let customer = found
            .nth(nth)
            .context("the shop is too small for this demonstration; give it more --customers")?;
        Ok(Customer::clone(&customer))
    }

    /// The `nth` subscriber, and no customer, whom SARE mails.
    fn mailed_subscriber(&self, nth: usize) -> anyhow::Result<(i64, String)> {
        let mut found = self.world.shop.subscribers().filter(|row| {
            let alone = self.world.shop.customer_by_email(&row.email).is_none();
            alone && row.active && self.in_sare(&row.email, |contact| contact.status == CONFIRMED)
        });
        let row = found.nth(nth);
        let row = row.context("the shop is too small for this demonstration; give it more --subscribers")?;
        Ok((row.id, row.email.to_string()))
    }

    async fn somebody_subscribes(&self) -> anyhow::Result<()> {
        let email = "nowa.subskrybentka@example.com";
        self.world.shop.add_subscriber(email, true);
        let there =
            |contact: &ContactView| contact.status == CONFIRMED && contact.groups.contains(&SUBSCRIBERS);
        self.watch(
            "somebody subscribes to the newsletter -> confirmed in SARE",
            || self.in_sare(email, there),
        )
        .await
    }

    async fn a_customer_registers(&self) -> anyhow::Result<()> {
        let email = "nowy.klient@example.com";
        let address = NewAddress {
            city: "Rybnik".into(),
            phone: "600 700 800".into(),
            ..NewAddress::default()
        };
        let customer = NewCustomer::new(email)
            .name("jan", "kowalski")
            .newsletter(true)
            .address(address);
        self.world.shop.add_customer(customer);
        let there =
            |contact: &ContactView| contact.name == "Jan Kowalski" && contact.groups.contains(&CUSTOMERS);
        self.watch(
            "a customer registers -> in SARE with name, phone and city",
            || self.in_sare(email, there),
        )
        .await
    }

    async fn a_phone_changes(&self) -> anyhow::Result<()> {
        let customer = self.mailed_customer(1)?;
        let addresses = self.world.shop.addresses(customer.id);
        let address = addresses
            .iter()
            .find(|address| address.default)
            .context("the customer has an address")?;
        let details = NewAddress {
            phone: "511 222 333".into(),
            ..address.details.clone()
        };
        self.world.shop.set_address(customer.id, details);
        let there = |contact: &ContactView| contact.gsm == "+48511222333";
        self.watch("a customer's phone changes -> changed in SARE", || {
            self.in_sare(&customer.email, there)
        })
        .await
    }

    async fn an_address_changes(&self) -> anyhow::Result<()> {
        let customer = self.mailed_customer(2)?;
        let (old, new) = (customer.email.to_string(), "nowy.adres@example.com");
        self.world
            .shop
            .edit_customer(customer.id, |row| row.email = new.into());
        let arrived = || {
            let there = self.in_sare(new, |contact| contact.groups.contains(&CUSTOMERS));
            there && self.in_sare(&old, |contact| !contact.groups.contains(&CUSTOMERS))
        };
        self.watch(
            "a customer's e-mail changes -> the new one is added, the old one left",
            arrived,
        )
        .await
    }

    async fn somebody_unsubscribes_in_the_shop(&self) -> anyhow::Result<()> {
        let (id, email) = self.mailed_subscriber(1)?;
        self.world.shop.set_subscriber_active(id, false);
        let there = |contact: &ContactView| Status::from(contact.status).is_refusal();
        self.watch(
            "a subscriber unsubscribes in the shop -> unsubscribed in SARE",
            || self.in_sare(&email, there),
        )
        .await
    }

    async fn somebody_clicks_unsubscribe_in_a_newsletter(&self) -> anyhow::Result<()> {
        let (id, email) = self.mailed_subscriber(2)?;
        ensure!(
            self.world.sare.recipient_clicks_unsubscribe(&email),
            "the click changed nothing"
        );
        let off = || self.world.shop.subscriber(id).is_some_and(|row| !row.active);
        self.watch(
            "a reader clicks unsubscribe in a newsletter -> switched off in the shop",
            off,
        )
        .await
    }

    async fn a_customer_is_deleted(&self) -> anyhow::Result<()> {
        let customer = self.mailed_customer(3)?;
        self.world.shop.delete_customer(customer.id);
        let there = |contact: &ContactView| !contact.groups.contains(&CUSTOMERS);
        self.watch("a customer is deleted -> out of the group in SARE", || {
            self.in_sare(&customer.email, there)
        })
        .await
    }

    async fn a_webhook_is_lost(&self) -> anyhow::Result<()> {
        let email = "zgubiony.webhook@example.com";
        self.world.shop.set_webhook_faults(WebhookFaults {
            drop: 1.0,
            ..WebhookFaults::default()
        });
        self.world.shop.add_subscriber(email, true);
        let there = |contact: &ContactView| contact.status == CONFIRMED;
        let arrived = self
            .watch("a webhook is lost -> the look for new records finds it", || {
                self.in_sare(email, there)
            })
            .await;
        self.world.shop.set_webhook_faults(WebhookFaults::default());
        arrived
    }
}
