//! Lanes and slices: full synchronisation, live changes, sweeps, unsubscribe polling.
