//! allowList and excludeList.

use super::refuse;
use crate::{
    Denied, Profile, Step, Steps,
    message::{DESCRIPTOR, Items, Members, MessageError},
};

/// The ids of a list's `public-key` entries. Entries of other types are skipped, and count for the limit.
pub(super) fn ids<'a>(
    host: &mut impl Steps,
    step: &'static Step,
    profile: &Profile,
    name: &'static str,
    list: Items<'a>,
) -> Result<Vec<&'a [u8]>, Denied> {
    let len = list.remaining();
    if let Some(max) = profile.max_credential_count_in_list.map(u64::from).filter(|max| len > *max) {
        return Err(refuse(host, step, Denied::ListTooLong { list: name, len, max }));
    }
    let descriptor = |entry: &'a [u8]| -> Result<Option<&'a [u8]>, MessageError> {
        let members = Members::read(&DESCRIPTOR, entry)?;
        Ok(members.bytes("id").filter(|_| members.text("type") == Some("public-key")))
    };
    list.filter_map(|entry| descriptor(entry).transpose()).collect::<Result<_, _>>().map_err(Denied::from)
}
