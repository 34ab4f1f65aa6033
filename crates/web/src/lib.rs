//! What the outside calls: lifecycle messages, webhooks, the panel, health, metrics.
