//! LDAPSessionTracking: the control that tells a directory which session a search is for
//! (draft-wahl-ldap-session-03). The session's id is mod_unique_id's.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;
use gantry_api::Session;
use gantry_api::service::LoginRequest;
use ldap3::asn1::{ASNTag, OctetString, Sequence, Tag, write};
use ldap3::controls::RawControl;

/// The control.
const CONTROL: &str = "1.3.6.1.4.1.21008.108.63.1";
/// The format of its identifier: an Acct-Session-Id.
const FORMAT: &str = "1.3.6.1.4.1.21008.108.63.1.1";
/// The note that mod_unique_id sets.
const NOTE: &str = "UNIQUE_ID";

/// The ids of the sessions that there are.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<u64, String>>);

impl Sessions {
    /// A session begins.
    pub(crate) fn begin(&self, session: &Session) {
        if let Some(id) = session.notes.get(NOTE).and_then(|note| note.text()) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(session.id, id.to_owned());
        }
    }

    /// It ends.
    pub(crate) fn end(&self, session: &Session) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&session.id);
    }

    /// The control for the searches of a login; none without an id.
    pub(crate) fn control(&self, request: &LoginRequest) -> Option<RawControl> {
        let id = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&request.session).cloned()?;
        Some(control(&request.address.to_string(), &request.host, &id))
    }
}

fn control(address: &str, host: &str, id: &str) -> RawControl {
    // The draft limits the length of each.
    let text = |text: &str, most: usize| {
        let inner = text.chars().take(most).collect::<String>().into_bytes();
        Tag::OctetString(OctetString { inner, ..OctetString::default() })
    };
    let inner = vec![text(address, 128), text(host, 250), text(FORMAT, 1024), text(id, 1024)];
    let sequence = Tag::Sequence(Sequence { inner, ..Sequence::default() }).into_structure();
    let mut value = BytesMut::new();
    let val = write::encode_into(&mut value, sequence).is_ok().then(|| value.to_vec());
    RawControl { ctype: CONTROL.to_owned(), crit: false, val }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_is_a_sequence_of_four_strings() {
        let value = control("192.0.2.1", "client.example", "ABC").val.unwrap();
        let strings = ["192.0.2.1", "client.example", FORMAT, "ABC"];
        let inner = strings.map(|text| [&[4, text.len() as u8], text.as_bytes()].concat()).concat();
        assert_eq!(value, [&[0x30, inner.len() as u8], inner.as_slice()].concat());
    }
}
