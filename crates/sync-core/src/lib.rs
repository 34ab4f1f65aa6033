//! What the product promises, as pure functions: mapping, merging, consent, plans.
