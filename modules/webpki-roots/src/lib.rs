//! No certificate authorities. sqlx trusts those of this crate besides the one that the
//! administrator names with `ssl-ca`: with the authorities of the web, anybody with a certificate
//! for a domain could pass for the database where only the issuer is checked (`ssl-mode:verify-ca`).
//! The workspace puts this crate in the place of that one (`[patch.crates-io]`).

use rustls_pki_types::TrustAnchor;

/// None.
pub const TLS_SERVER_ROOTS: &[TrustAnchor<'static>] = &[];
