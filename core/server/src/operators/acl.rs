//! Who may use the control socket: the rules of ControlsACLs and similar directives, for a peer
//! whose user and groups the kernel reports.

use std::fmt;
use std::io;

use gantry_sys::users::{Group, User, groups_of};
use serde::Deserialize;

/// One line: `actions allow|deny user|group list`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Acl {
    /// The actions; empty for all.
    #[serde(default)]
    actions: Vec<String>,
    /// Whether the listed users may or may not. For others the line decides nothing.
    allow: bool,
    /// Whether the names are groups or users.
    group: bool,
    /// Names or numbers; empty for everybody.
    names: Vec<String>,
}

/// The peer that sent the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The user's number.
    pub uid: u32,
    /// The user's name, if there is one.
    pub user: Option<String>,
    /// The groups, by number and name.
    pub groups: Vec<(u32, Option<String>)>,
}

impl Peer {
    /// The peer with these numbers, completed by the system's name service.
    ///
    /// # Errors
    /// A name service error.
    pub fn of(uid: u32, gid: u32) -> io::Result<Self> {
        let user = User::by_uid(uid)?.map(|user| user.name);
        let mut numbers = user.as_deref().map_or(Ok(Vec::new()), |user| groups_of(user, gid))?;
        if !numbers.contains(&gid) {
            numbers.push(gid);
        }
        let named = numbers.into_iter().map(|gid| Ok((gid, Group::by_gid(gid)?.map(|group| group.name))));
        Ok(Self { uid, user, groups: named.collect::<io::Result<_>>()? })
    }

    fn is_user(&self, name: &str) -> bool {
        self.user.as_deref() == Some(name) || name.parse() == Ok(self.uid)
    }

    fn is_in(&self, name: &str) -> bool {
        self.groups.iter().any(|(gid, group)| group.as_deref() == Some(name) || name.parse() == Ok(*gid))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            Some(user) => write!(out, "{user} (uid {})", self.uid),
            None => write!(out, "uid {}", self.uid),
        }
    }
}

/// Whether these lines let a peer perform an action, or any action if `None`. A line that denies
/// overrides lines that allow, and allows nobody; without a line that allows, the peer may not.
pub(crate) fn judge(lines: &[Acl], action: Option<&str>, peer: &Peer) -> bool {
    let listed = |line: &Acl| {
        let is = |name: &String| if line.group { peer.is_in(name) } else { peer.is_user(name) };
        line.names.is_empty() || line.names.iter().any(is)
    };
    let names = |line: &Acl, action: &str| line.actions.is_empty() || line.actions.iter().any(|name| name == action);
    let may = |action: &str| {
        let said = |allow: bool| lines.iter().any(|line| line.allow == allow && names(line, action) && listed(line));
        said(true) && !said(false)
    };
    match action {
        Some(action) => may(action),
        // An action without its own line, and the empty name, use the lines for all actions.
        None => may("") || lines.iter().flat_map(|line| &line.actions).any(|action| may(action)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(actions: &[&str], allow: bool, group: bool, names: &[&str]) -> Acl {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Acl { actions: owned(actions), allow, group, names: owned(names) }
    }

    fn peer() -> Peer {
        let groups = vec![(100, Some("users".to_owned())), (200, None)];
        Peer { uid: 1000, user: Some("ann".to_owned()), groups }
    }

    #[test]
    fn nobody_may_what_no_line_allows() {
        assert!(!judge(&[], Some("lsmod"), &peer()));
        assert!(!judge(&[line(&["insmod"], true, false, &["ann"])], Some("lsmod"), &peer()));
        assert!(!judge(&[line(&[], true, false, &["root"])], Some("lsmod"), &peer()));
    }

    #[test]
    fn users_and_groups_go_by_name_and_number() {
        for (group, name) in [(false, "ann"), (false, "1000"), (true, "users"), (true, "200")] {
            assert!(judge(&[line(&["lsmod"], true, group, &["x", name])], Some("lsmod"), &peer()), "{name}");
            assert!(!judge(&[line(&["lsmod"], true, !group, &[name])], Some("lsmod"), &peer()), "{name}");
        }
        assert!(judge(&[line(&[], true, false, &[])], Some("lsmod"), &peer()), "everybody");
    }

    #[test]
    fn a_line_that_denies_lets_nobody_and_beats_what_allows() {
        assert!(!judge(&[line(&[], false, false, &["bob"])], Some("lsmod"), &peer()));
        assert!(!judge(&[line(&[], false, true, &["bob"])], None, &peer()));
        let beside = [line(&["shutdown"], false, false, &["games"]), line(&[], true, false, &["root"])];
        assert!(!judge(&beside, Some("shutdown"), &peer()) && !judge(&beside, None, &peer()));
        let both = [line(&[], true, false, &[]), line(&[], false, true, &["users"])];
        assert!(!judge(&both, Some("lsmod"), &peer()) && !judge(&both, None, &peer()));
    }

    #[test]
    fn whom_one_action_is_denied_may_do_the_others() {
        let lines = [line(&[], true, false, &["ann"]), line(&["shutdown"], false, false, &["ann"])];
        assert!(!judge(&lines, Some("shutdown"), &peer()));
        assert!(judge(&lines, Some("lsmod"), &peer()) && judge(&lines, None, &peer()));
        let one = [line(&["lsmod"], true, false, &["ann"])];
        assert!(judge(&one, None, &peer()) && !judge(&one, Some("shutdown"), &peer()));
    }
}
