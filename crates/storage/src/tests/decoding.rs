//! Bytes from anywhere are refused, not believed, and nothing panics.

use proptest::prelude::*;

use super::*;
use crate::{
    Revision,
    record::{
        self, CounterBody, CredentialFacts, CredentialSummary, DocumentBody, RpEntry, StateBody, TextDigest,
        Totals, UserEntry,
    },
    seal::Sealer,
};

fn decode_all(bytes: &[u8]) {
    let key = b"some key";
    let _ = record::decode_credential(key, bytes);
    let _ = CredentialFacts::read(key, bytes);
    let _ = CredentialSummary::read(key, bytes, id("x"), &TextDigest::of("rp"));
    let _ = record::decode::<RpEntry>(key, bytes).map(|entry| entry.into_handle(key));
    let _ = record::decode::<UserEntry>(key, bytes);
    let _ = record::decode::<CounterBody>(key, bytes);
    let _ = record::decode::<Totals>(key, bytes);
    let _ = record::decode::<StateBody>(key, bytes).map(|state| state.into_state(key, 0));
    let _ = record::decode::<DocumentBody<'static>>(key, bytes);
    let _ = record::decode::<u64>(key, bytes);
    let _ = record::decode_secret(key, bytes);
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        decode_all(&bytes);
        let sealer = Sealer::new(&[1; 32]);
        prop_assert!(sealer.open(&bytes, &bytes).is_err());
        let _ = (Key::kind(&bytes), Key::container(&bytes), Key::sequence(&bytes), Key::describe(&bytes));
    }

    #[test]
    fn almost_a_credential(place in 0_usize..200, byte in any::<u8>(), cut in 0_usize..200) {
        let mut body = Vec::new();
        record::encode_credential(&passkey("rp.example.test", "ada"), 7, &mut body);
        if let Some(place) = body.get_mut(place) {
            *place = byte;
        }
        decode_all(&body);
        body.truncate(cut);
        decode_all(&body);
    }

    #[test]
    fn credentials_come_back(
        id in prop::collection::vec(any::<u8>(), 1..=1023),
        rp_id in ".{0,300}",
        user_id in prop::collection::vec(any::<u8>(), 0..=1024),
        names in prop::collection::vec(prop::option::of(".{0,2000}"), 2),
        (flags, protection, sequence, created) in (0_u8..64, 1_u8..=3, any::<u64>(), any::<u64>()),
    ) {
        let mut stored = passkey("rp", "ada");
        stored.credential.id = CredentialId::try_from(id).unwrap();
        stored.credential.rp_id = rp_id;
        stored.credential.user = User { id: user_id, name: names[0].clone(), display_name: names[1].clone() };
        stored.credential.discoverable = flags & 1 != 0;
        stored.credential.backup_eligible = flags & 2 != 0;
        stored.credential.backed_up = flags & 4 != 0;
        stored.kind = if flags & 8 != 0 { Kind::Managed } else { Kind::Passkey };
        (stored.removable, stored.blocking) = (flags & 16 != 0, flags & 32 != 0);
        stored.credential.protection = Protection::try_from(protection).unwrap();
        stored.credential.created = Timestamp(created);
        let mut body = Vec::new();
        record::encode_credential(&stored, sequence, &mut body);
        prop_assert!(body.len() <= record::credential_room(&stored));
        prop_assert_eq!(record::decode_credential(b"", &body).unwrap(), (stored.clone(), sequence));
        let facts = CredentialFacts::read(b"", &body).unwrap();
        prop_assert_eq!(facts.rp_entry(), RpEntry::of(&stored));

        let sealer = Sealer::new(&[1; 32]);
        let key = Key::parse(b"key").unwrap();
        let record = sealer.seal(&key, Revision(sequence), body.len(), |out| out.extend(&body)).unwrap();
        let (revision, plain) = sealer.open(b"key", &record).unwrap();
        prop_assert_eq!((revision, plain.as_ref()), (Revision(sequence), body.as_slice()));
        prop_assert!(sealer.open(b"kez", &record).is_err());
    }
}

#[test]
fn a_key_with_more_behind_it_is_another_key() {
    let sealer = Sealer::new(&[1; 32]);
    let longest = [3; 41];
    let record = sealer.seal(&Key::parse(&longest).unwrap(), Revision(1), 1, |out| out.push(0)).unwrap();
    assert!(sealer.open(&longest, &record).is_ok());
    for more in [1, 10, 100] {
        let key = [longest.as_slice(), &vec![0; more]].concat();
        assert!(matches!(sealer.open(&key, &record), Err(StoreError::Damaged { .. })), "{more}");
    }
}

#[test]
fn what_is_not_ours_is_refused() {
    for (name, hex) in [
        ("nothing", ""),
        ("an unknown field", "a3616300617300617800"),
        ("a missing field", "a1616300"),
        ("a field twice", "a3616300616300617300"),
        ("something after the end", "a261630061730000"),
        ("a negative count", "a2616320617300"),
        ("an endless map", "bfffff"),
        ("a long string that is not there", "a2616300617bffffffffffffffff"),
    ] {
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        let result = record::decode::<Totals>(b"", &bytes);
        assert!(matches!(result, Err(StoreError::Damaged { .. })), "{name}: {result:?}");
    }
    let deep = [vec![0x81; 100_000], vec![0]].concat();
    assert!(record::decode::<Totals>(b"", &deep).is_err());
    assert!(CredentialFacts::read(b"", &[&[0xa1, 0x61, b'x'][..], &deep].concat()).is_err());
}
