//! What a store costs: time and allocations. `cargo bench -p softhello-storage`.
//!
//! An assertion reads the state, finds and loads one credential, takes one count and sets the retries twice.
#![allow(clippy::unwrap_used, reason = "a measurement may stop at the first surprise")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use divan::{AllocProfiler, Bencher, black_box};
use softhello_ctap::{
    Algorithm, Credential, CredentialId, ExtensionData, PrivateKey, Protection, Query, SealingKey, Timestamp,
    User, u2f::application,
};
use softhello_storage::{
    Change, ChangeSet, ContainerId, DeviceKey, EngineKind, Kind, Store, StoredCredential, open,
};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const HOME: ContainerId = ContainerId::from_uuid(uuid::Uuid::from_u128(1));
const ENGINES: [EngineKind; 3] = EngineKind::ALL;

fn main() {
    divan::main();
    concurrent_registrations();
}

static NEXT: AtomicU64 = AtomicU64::new(0);

struct Bench {
    store: Arc<dyn Store>,
    _dir: tempfile::TempDir,
}

fn bench(engine: EngineKind) -> Bench {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = open(engine, dir.path(), DeviceKey::random().unwrap()).unwrap();
    commit(
        &*store,
        Change::CreateContainer {
            uv_retries: 3,
            sealing_key: SealingKey::default(),
            settings: Box::default(),
        },
    );
    Bench { store, _dir: dir }
}

fn commit(store: &dyn Store, change: Change) {
    pollster::block_on(store.commit(HOME, ChangeSet::one(change))).unwrap();
}

fn credential(rp_id: &str, algorithm: Algorithm) -> StoredCredential {
    let mut id = [0; 32];
    id.iter_mut().zip(NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes()).for_each(|(to, byte)| *to = byte);
    let key = match algorithm {
        Algorithm::Rs256 => PrivateKey::generate(algorithm, &mut rand::rng()).unwrap(),
        _ => PrivateKey::from_bytes(algorithm, &[1; 32]).unwrap(),
    };
    let credential = Credential {
        id: CredentialId::try_from(id.as_slice()).unwrap(),
        rp_id: rp_id.to_owned(),
        user: User {
            id: id.to_vec(),
            name: Some("ada@example.test".to_owned()),
            display_name: Some("Ada Lovelace".to_owned()),
        },
        key,
        discoverable: true,
        protection: Protection::Optional,
        backup_eligible: false,
        backed_up: false,
        created: Timestamp(1_750_000_000_000),
        extensions: ExtensionData::default(),
    };
    StoredCredential { credential, kind: Kind::Passkey, removable: true, blocking: false }
}

fn put(store: &dyn Store, rp_id: &str, algorithm: Algorithm) -> CredentialId {
    let credential = Box::new(credential(rp_id, algorithm));
    let id = credential.credential.id.clone();
    commit(store, Change::PutCredential { credential, room: None });
    id
}

#[divan::bench(args = ENGINES)]
fn load_es256(bencher: Bencher<'_, '_>, engine: EngineKind) {
    let bench = bench(engine);
    let id = put(&*bench.store, "example.test", Algorithm::Es256);
    bencher.bench_local(|| pollster::block_on(bench.store.load(HOME, black_box(&id))).unwrap());
}

#[divan::bench]
fn load_rs256(bencher: Bencher<'_, '_>) {
    let bench = bench(EngineKind::Memory);
    let id = put(&*bench.store, "example.test", Algorithm::Rs256);
    bencher.bench_local(|| pollster::block_on(bench.store.load(HOME, black_box(&id))).unwrap());
}

#[divan::bench(args = ENGINES)]
fn find_by_rp(bencher: Bencher<'_, '_>, engine: EngineKind) {
    let bench = bench(engine);
    put(&*bench.store, "example.test", Algorithm::Es256);
    bencher.bench_local(|| pollster::block_on(bench.store.find(HOME, Query::Rp("example.test"))).unwrap());
}

#[divan::bench]
fn find_by_id(bencher: Bencher<'_, '_>) {
    let bench = bench(EngineKind::Memory);
    let id = put(&*bench.store, "example.test", Algorithm::Es256);
    let ids = [id.as_bytes()];
    bencher.bench_local(|| {
        let query = Query::Ids { rp_id_hash: &application("example.test"), ids: &ids };
        pollster::block_on(bench.store.find(HOME, query)).unwrap()
    });
}

#[divan::bench(args = ENGINES)]
fn next_count(bencher: Bencher<'_, '_>, engine: EngineKind) {
    let bench = bench(engine);
    let id = put(&*bench.store, "example.test", Algorithm::Es256);
    for _ in 0..2000 {
        pollster::block_on(bench.store.next_count(HOME, &id)).unwrap();
    }
    bencher.bench_local(|| pollster::block_on(bench.store.next_count(HOME, &id)).unwrap());
}

fn assert_once(store: &dyn Store) {
    pollster::block_on(async {
        store.state(HOME).await.unwrap();
        store.set_uv_retries(HOME, 2).await.unwrap();
        let found = store.find(HOME, Query::Rp("example.test")).await.unwrap();
        for handle in found.iter().take(1) {
            black_box(store.load(HOME, &handle.id).await.unwrap());
            store.next_count(HOME, &handle.id).await.unwrap();
        }
        store.set_uv_retries(HOME, 3).await.unwrap();
    });
}

#[divan::bench(args = ENGINES)]
fn storage_of_an_assertion(bencher: Bencher<'_, '_>, engine: EngineKind) {
    let bench = bench(engine);
    put(&*bench.store, "example.test", Algorithm::Es256);
    bencher.bench_local(|| assert_once(&*bench.store));
}

#[divan::bench]
fn storage_of_an_assertion_among_100_000(bencher: Bencher<'_, '_>) {
    let bench = bench(EngineKind::Memory);
    for number in 0..100_000 {
        put(&*bench.store, &format!("rp{number}.test"), Algorithm::Es256);
    }
    put(&*bench.store, "example.test", Algorithm::Es256);
    bencher.bench_local(|| assert_once(&*bench.store));
}

#[divan::bench(args = ENGINES, max_time = 2)]
fn register(bencher: Bencher<'_, '_>, engine: EngineKind) {
    let bench = bench(engine);
    bencher.with_inputs(|| credential("example.test", Algorithm::Es256)).bench_local_values(|stored| {
        commit(&*bench.store, Change::PutCredential { credential: Box::new(stored), room: None })
    });
}

/// 16 threads that register, against one after the other.
fn concurrent_registrations() {
    for engine in ENGINES {
        let rate = |threads: u32, each: u32| {
            let bench = bench(engine);
            let start = Instant::now();
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        (0..each).for_each(|_| drop(put(&*bench.store, "example.test", Algorithm::Es256)))
                    });
                }
            });
            f64::from(threads * each) / start.elapsed().as_secs_f64()
        };
        let (one, sixteen) = (rate(1, 300), rate(16, 100));
        println!(
            "{engine}: {one:.0}/s one after the other, {sixteen:.0}/s from 16 threads: {:.1} times",
            sixteen / one
        );
    }
}
