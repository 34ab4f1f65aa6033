//! The shop as a client sees it.
