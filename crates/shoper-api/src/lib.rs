//! A client of Shoper's REST API, and its lifecycle, iframe and webhook signatures.
