//! Data directories of every released version have to open for ever.
//!
//! `tests/golden/v1-sled` and `v1-redb` were made once, with the device key in them, by
//! `cargo test -p softhello-storage --test golden -- --ignored`, and `v1.json` is what they hold. A new format version
//! gets directories of its own; these stay as they are.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use softhello_ctap::{
    Algorithm, Credential, CredentialId, ExtensionData, PinVerifier, PrivateKey, Protection, SealingKey,
    Settings, Timestamp, User,
};
use softhello_storage::{
    Change, ChangeSet, ContainerId, DIRECTORY, DeviceKey, EngineKind, Expected, Export, Kind, Store,
    StoredCredential, export, open,
};

const HOME: ContainerId = ContainerId::from_uuid(uuid::Uuid::from_u128(0x5eed));
const SEALED: &[u8] = b"a sealed credential";
const ENGINES: [EngineKind; 2] = [EngineKind::Sled, EngineKind::Redb];

#[test]
fn version_1_opens() {
    let want = Export::from_json(&fs::read(golden().join("v1.json")).unwrap()).unwrap();
    for engine in ENGINES {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&golden().join(format!("v1-{engine}")), copy.path());
        let key = DeviceKey::load_or_create(copy.path()).unwrap();
        let store = open(engine, copy.path(), key).unwrap();
        let report = pollster::block_on(store.check()).unwrap();
        assert!(report.is_sound(), "{engine}: {report}");
        assert_eq!(pollster::block_on(export(&*store)).unwrap(), want, "{engine}");
        let id = want.containers[0].credentials[0].stored.credential.id.clone();
        assert_eq!(pollster::block_on(store.next_count(HOME, &id)).unwrap(), 4, "{engine}");
        let sealed = CredentialId::try_from(SEALED).unwrap();
        assert_eq!(pollster::block_on(store.next_count(HOME, &sealed)).unwrap(), 2, "{engine}");
    }
}

#[test]
#[ignore = "made once; see above"]
fn make_version_1() {
    for engine in ENGINES {
        let dir = golden().join(format!("v1-{engine}"));
        assert!(!dir.exists(), "golden directories are not made again");
        let store = open(engine, &dir, DeviceKey::load_or_create(&dir).unwrap()).unwrap();
        fill(&*store);
        let json = pollster::block_on(export(&*store)).unwrap().to_json();
        fs::write(golden().join("v1.json"), json.as_bytes()).unwrap();
        store.close().unwrap();
    }
}

fn fill(store: &dyn Store) {
    let commit = |container, changes| {
        pollster::block_on(store.commit(container, ChangeSet { guards: Vec::new(), changes })).unwrap();
    };
    let sealing_key = SealingKey::from_bytes([7; 32]);
    let pin = Some(PinVerifier { hash: [6; 16], code_points: 6 });
    let settings = Box::new(Settings { pin, ..Settings::default() });
    let document = |name: &str, value: &[u8]| Change::PutDocument {
        name: name.to_owned(),
        value: value.to_vec(),
        expected: Expected::Absent,
    };
    let put = |stored: StoredCredential| Change::PutCredential { credential: Box::new(stored), room: None };
    let passkey = credential(Algorithm::Es256, Kind::Passkey);
    let id = passkey.credential.id.clone();
    commit(
        HOME,
        vec![
            Change::CreateContainer { uv_retries: 3, sealing_key, settings },
            put(passkey),
            put(credential(Algorithm::EdDsa, Kind::Managed)),
            put(credential(Algorithm::Rs256, Kind::Passkey)),
            document("settings", b"{}"),
        ],
    );
    commit(DIRECTORY, vec![document("accounts", b"[]")]);
    pollster::block_on(store.set_uv_retries(HOME, 2)).unwrap();
    for _ in 0..3 {
        pollster::block_on(store.next_count(HOME, &id)).unwrap();
        pollster::block_on(store.next_operation(HOME)).unwrap();
    }
    // Of a non-discoverable credential, which is not stored.
    let sealed = CredentialId::try_from(SEALED).unwrap();
    pollster::block_on(store.next_count(HOME, &sealed)).unwrap();
}

fn credential(algorithm: Algorithm, kind: Kind) -> StoredCredential {
    let rsa = include_str!("golden/rsa-primes.hex");
    let key = match algorithm {
        Algorithm::Rs256 => data_encoding::HEXLOWER.decode(rsa.trim().as_bytes()).unwrap(),
        _ => vec![1; 32],
    };
    let name = algorithm.name();
    let credential = Credential {
        id: CredentialId::try_from(format!("{name:-<32}").as_bytes()).unwrap(),
        rp_id: "example.test".to_owned(),
        user: User {
            id: name.into(),
            name: Some(format!("{name}@example.test")),
            display_name: (kind == Kind::Passkey).then(|| format!("Ada {name}")),
        },
        key: PrivateKey::from_bytes(algorithm, &key).unwrap(),
        discoverable: kind == Kind::Passkey,
        protection: Protection::OptionalWithCredentialIdList,
        backup_eligible: kind == Kind::Passkey,
        backed_up: false,
        created: Timestamp(1_750_000_000_000),
        extensions: ExtensionData::default(),
    };
    StoredCredential { credential, kind, removable: kind == Kind::Passkey, blocking: kind == Kind::Managed }
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
