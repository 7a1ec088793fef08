//! Processes that are killed, and files that are damaged.
//!
//! The work is done by the helper `crash-worker`, which prints a line for every answer it was given; whatever it
//! printed before it was killed has to hold afterwards. One data directory is carried over all kills of an engine.
//! `SOFTHELLO_SOAK=1` kills 200 processes instead of 20.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use data_encoding::HEXLOWER;
use pollster::block_on;
use rand::RngExt as _;
use softhello_ctap::CredentialId;
use softhello_device::{DeviceProfile, container_id};
use softhello_storage::{ContainerId, DeviceKey, EngineKind, Store, StoreError, open};

const ENGINES: [EngineKind; 2] = [EngineKind::Sled, EngineKind::Redb];

#[test]
fn what_was_acknowledged_outlasts_a_kill_on_sled() {
    outlasts_kills(EngineKind::Sled);
}

#[test]
fn what_was_acknowledged_outlasts_a_kill_on_redb() {
    outlasts_kills(EngineKind::Redb);
}

fn outlasts_kills(engine: EngineKind) {
    let kills = if env::var_os("SOFTHELLO_SOAK").is_some() { 100 } else { 10 };
    let folder = tempfile::tempdir().unwrap();
    let mut book = Book::default();
    for kill in 1..=kills {
        let before = book.0.len();
        let (mut worker, mut lines) = work(folder.path(), engine, u32::MAX);
        // From a process that has just begun to one in the middle of its work.
        book.read(&mut lines, rand::rng().random_range(0..60), false);
        thread::sleep(Duration::from_micros(rand::rng().random_range(0..20_000)));
        worker.kill().unwrap();
        assert!(!worker.wait().unwrap().success(), "it ended before it was killed");
        book.read(&mut lines, usize::MAX, false);

        let name = format!("{engine}, kill {kill}, {} credentials", book.0.len());
        let store = open_in(folder.path(), engine).unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = block_on(store.check()).unwrap();
        assert!(report.is_sound(), "{name}: {report}");
        for (number, ((account, id), last)) in book.0.iter_mut().enumerate() {
            let container = container_of(account);
            let found =
                block_on(store.load(container, id)).unwrap_or_else(|error| panic!("{name}: {id:?}: {error}"));
            assert_eq!(&found.value.credential.id, id, "{name}");
            let counter = block_on(store.counter(container, id)).unwrap();
            assert!(counter >= *last, "{name}: {counter} is below {last}");
            // Every count costs a sync: the new ones, a sample of the old ones, and at the end all.
            if number >= before || number % 16 == kill % 16 || kill == kills {
                let next = block_on(store.next_count(container, id)).unwrap();
                assert!(next > *last, "{name}: {next} was acknowledged already, up to {last}");
                *last = next;
            }
        }
        store.close().unwrap();
    }
    assert!(book.0.len() > kills, "only {} credentials were acknowledged", book.0.len());
}

#[test]
fn a_clean_exit_skips_no_count() {
    for engine in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::default();
        for _ in 0..3 {
            let (mut worker, mut lines) = work(folder.path(), engine, 5);
            book.read(&mut lines, usize::MAX, true);
            assert!(worker.wait().unwrap().success(), "{engine}");
        }
        let store = open_in(folder.path(), engine).unwrap();
        for ((account, id), last) in &book.0 {
            let next = block_on(store.next_count(container_of(account), id)).unwrap();
            assert_eq!(next, last + 1, "{engine}");
        }
    }
}

#[test]
fn a_wrong_device_key_is_named_and_changes_nothing() {
    for engine in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let book = finished_work(folder.path(), engine);
        let key = folder.path().join(DeviceKey::FILE);
        let right = fs::read(&key).unwrap();
        fs::remove_file(&key).unwrap();
        // A new one is made, which is the wrong one.
        let refused = open_in(folder.path(), engine).err();
        assert!(matches!(refused, Some(StoreError::WrongDeviceKey)), "{engine}: {refused:?}");
        fs::write(&key, right).unwrap();
        let store = open_in(folder.path(), engine).unwrap();
        for (account, id) in book.0.keys() {
            block_on(store.load(container_of(account), id)).unwrap();
        }
    }
}

/// Files cut off or with one bit changed, wherever that hits: the store does not open and says so, or what can be read
/// is right, and redb's check says whether anything is missing. No panic leaves the store.
#[test]
fn a_damaged_file_is_an_error_and_never_a_wrong_answer() {
    let tries = if env::var_os("SOFTHELLO_SOAK").is_some() { 400 } else { 24 };
    for engine in ENGINES {
        let folder = tempfile::tempdir().unwrap();
        let book = finished_work(folder.path(), engine);
        let files: Vec<_> =
            files(folder.path()).into_iter().filter(|file| !file.ends_with(DeviceKey::FILE)).collect();
        for number in 0..tries {
            let damaged = tempfile::tempdir().unwrap();
            copy(folder.path(), damaged.path());
            let file = files[number % files.len()].strip_prefix(folder.path()).unwrap();
            let path = damaged.path().join(file);
            let file = file.display();
            let mut bytes = fs::read(&path).unwrap();
            let at = rand::rng().random_range(0..bytes.len());
            let what = if number % 3 == 0 {
                bytes.truncate(at);
                format!("{engine}: {file} cut off at {at}")
            } else {
                let bit = rand::rng().random_range(0..8);
                bytes[at] ^= 1 << bit;
                format!("{engine}: {file} with bit {bit} of byte {at} changed")
            };
            fs::write(&path, bytes).unwrap();

            let inspected =
                helper(&["inspect", &damaged.path().display().to_string(), engine.name()]).output().unwrap();
            let (shown, told) =
                (String::from_utf8(inspected.stdout).unwrap(), String::from_utf8_lossy(&inspected.stderr));
            assert!(inspected.status.success(), "{what}: {shown}{told}");
            let verdict = shown.lines().find(|line| {
                ["closed ", "sound", "damaged ", "unreadable all "].iter().any(|word| line.starts_with(word))
            });
            let verdict = verdict.unwrap_or_else(|| panic!("{what}: {shown}{told}"));
            let known = |id: &str| book.0.keys().any(|(_, known)| HEXLOWER.encode(known.as_bytes()) == id);
            let right = shown
                .lines()
                .filter_map(|line| line.strip_prefix("readable "))
                .filter(|id| known(id))
                .count();
            let all = shown.lines().filter(|line| line.starts_with("readable ")).count();
            assert_eq!(right, all, "{what}: {shown}");
            // What is lost is not lost in silence, on redb. sled 0.34's file is a log, read up to the first batch that
            // is not whole: while there is no snapshot beside it, sled takes damage for the log's end and opens an
            // older state, as if an old file had been put back.
            let older = engine == EngineKind::Sled;
            assert!(
                verdict != "sound" || older || all == book.0.len(),
                "{what}: {all} of {} are left",
                book.0.len()
            );
        }
    }
}

/// What was acknowledged: the last count of every credential of an account.
#[derive(Default)]
struct Book(BTreeMap<(String, CredentialId), u32>);

impl Book {
    /// Takes a line of the worker. Counts only grow; if `no_gaps`, by one.
    fn write(&mut self, line: &str, no_gaps: bool) {
        let id = |hex: &str| CredentialId::try_from(HEXLOWER.decode(hex.as_bytes()).unwrap()).unwrap();
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["registered", account, _, hex] => {
                assert!(self.0.insert((account.to_owned(), id(hex)), 0).is_none(), "{line}: a second time");
            }
            ["signed-in", account, hex, count] => {
                let count: u32 = count.parse().unwrap();
                // Its registration may have been stored by a process that was killed before it could print so.
                let last = self.0.entry((account.to_owned(), id(hex))).or_default();
                assert!(if no_gaps { count == *last + 1 } else { count > *last }, "{line}: after {last}");
                *last = count;
            }
            _ => panic!("the worker wrote {line:?}"),
        }
    }

    /// Takes so many lines, or all until the worker's end.
    fn read(&mut self, lines: &mut BufReader<ChildStdout>, count: usize, no_gaps: bool) {
        let mut line = String::new();
        for _ in 0..count {
            line.clear();
            if lines.read_line(&mut line).unwrap() == 0 {
                return;
            }
            self.write(line.strip_suffix('\n').expect("a line is written at once"), no_gaps);
        }
    }
}

fn helper(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crash-worker"));
    command.args(arguments);
    command
}

fn work(folder: &Path, engine: EngineKind, rounds: u32) -> (Child, BufReader<ChildStdout>) {
    let arguments = ["work", &folder.display().to_string(), engine.name(), &rounds.to_string()];
    let mut worker = helper(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(worker.stdout.take().unwrap());
    (worker, lines)
}

/// A store that a process worked on and closed.
fn finished_work(folder: &Path, engine: EngineKind) -> Book {
    let mut book = Book::default();
    let (mut worker, mut lines) = work(folder, engine, 5);
    book.read(&mut lines, usize::MAX, true);
    assert!(worker.wait().unwrap().success(), "{engine}");
    book
}

fn open_in(folder: &Path, engine: EngineKind) -> Result<Arc<dyn Store>, StoreError> {
    open(engine, folder, DeviceKey::load_or_create(folder)?)
}

fn container_of(account: &str) -> ContainerId {
    container_id(account, &DeviceProfile::windows_hello_software().container, 0)
}

/// The paths of all files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
