//! What `docs/architecture.md` says of the workspace as a whole, held over `cargo metadata`: who may use whom, which
//! dependencies there have to be, and that nothing compiles C.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may end where it finds something missing"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId, TargetKind};

/// Every package of the workspace: its layer, and the packages of the workspace that it may use, in tests as well.
const LAYERS: [(u8, &str, &[&str]); 9] = [
    (0, "softhello-ctap", &[]),
    (1, "softhello-storage", &["softhello-ctap"]),
    (1, "softhello-webauthn", &["softhello-ctap"]),
    (2, "softhello-device", &["softhello-ctap", "softhello-storage"]),
    (
        3,
        "softhello-windows",
        &["softhello-ctap", "softhello-storage", "softhello-webauthn", "softhello-device"],
    ),
    // The store only in its tests.
    (3, "softhello-transport", &["softhello-ctap", "softhello-storage", "softhello-device"]),
    (4, "softhello-app", EVERYTHING_BELOW),
    (5, "softhello-server", EVERYTHING_BELOW),
    (6, "softhello", EVERYTHING_BELOW),
];

/// In a table of packages: whatever lies on a lower layer.
const EVERYTHING_BELOW: &[&str] = &["*"];

/// Uses everything and is used by nothing.
const TESTS: &str = "softhello-tests";

/// The crates that were asked for.
const ASKED_FOR: [&str; 8] = ["p256", "ecdsa", "ciborium", "sha2", "rand", "aes-gcm", "sled", "uuid"];

/// May have unsafe code, each place with its reason: what is nowhere else may be needed to reach the system.
const MAY_BE_UNSAFE: &str = "softhello-transport";

/// Packages that compile C or link to libraries of the system.
const C_BUILDERS: [&str; 8] =
    ["cc", "cmake", "pkg-config", "vcpkg", "bindgen", "autotools", "nasm-rs", "system-deps"];

/// The most lines in a source file, tests within it included.
const MAX_LINES: usize = 699;

#[test]
fn every_package_uses_only_what_lies_below_it() {
    let mut problems = Vec::new();
    for package in METADATA.workspace_packages() {
        let used = package.dependencies.iter().filter(|dependency| dependency.path.is_some());
        for name in used.map(|dependency| dependency.name.as_str()) {
            if !may_use(&package.name, name) {
                problems.push(format!("{} may not use {name}", package.name));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_package_has_its_place_in_the_table() {
    let mut listed = BTreeSet::from([TESTS]);
    listed.extend(LAYERS.iter().map(|(_, name, _)| *name));
    let packages = METADATA.workspace_packages();
    let found: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(found, listed);
    for (layer, name, uses) in LAYERS {
        for used in uses.iter().filter(|used| **used != "*") {
            assert!(layer_of(used) < Some(layer), "{name} uses {used}, which does not lie below it");
        }
    }
    let tests = packages.iter().find(|package| package.name == TESTS).unwrap();
    assert_eq!(tests.publish.as_deref(), Some(&[][..]), "{TESTS} is never published");
}

fn may_use(user: &str, used: &str) -> bool {
    let Some((layer, _, uses)) = LAYERS.iter().find(|(_, name, _)| *name == user) else {
        return user == TESTS;
    };
    uses.contains(&used) || uses.contains(&"*") && layer_of(used).is_some_and(|used| used < *layer)
}

fn layer_of(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(_, listed, _)| *listed == name).map(|(layer, ..)| *layer)
}

#[test]
fn the_crates_that_were_asked_for_are_used() {
    for asked_for in ASKED_FOR {
        let identifier = asked_for.replace('-', "_");
        let packages = METADATA.workspace_packages();
        let users: Vec<&str> = packages
            .iter()
            .filter(|package| package.name != TESTS)
            .filter(|package| {
                let mut dependencies = package.dependencies.iter();
                dependencies.any(|used| {
                    used.name == asked_for && used.kind == DependencyKind::Normal && !used.optional
                })
            })
            .filter(|package| sources(package).iter().any(|(_, text)| names(text, &identifier)))
            .map(|package| package.name.as_str())
            .collect();
        assert!(!users.is_empty(), "no crate both depends on {asked_for} and uses it");
    }
}

/// Whether code, not a comment, has a path that begins with this crate.
fn names(text: &str, identifier: &str) -> bool {
    let path = format!("{identifier}::");
    let code = text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    let boundary = |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    code.flat_map(|line| line.match_indices(&path).map(move |(at, _)| &line[..at])).any(boundary)
}

#[test]
fn every_crate_root_forbids_unsafe_code() {
    for package in METADATA.workspace_packages() {
        for target in &package.targets {
            // Benchmarks may count allocations, which takes an allocator of their own.
            if target.kind.contains(&TargetKind::Bench) || target.kind.contains(&TargetKind::CustomBuild) {
                continue;
            }
            let own = matches!(target.kind[..], [TargetKind::Lib | TargetKind::Bin]);
            let text = fs::read_to_string(&target.src_path).unwrap();
            // Tests of a package are crate roots too; there the lints of the workspace forbid it.
            let forbids = text.contains("#![forbid(unsafe_code)]") || package.name == MAY_BE_UNSAFE;
            assert!(!own || forbids, "{}", target.src_path);
        }
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        let lints = match package.name == MAY_BE_UNSAFE {
            true => "[lints.rust]\nunsafe_code = \"deny\"",
            false => "[lints]\nworkspace = true",
        };
        assert!(manifest.contains(lints), "{} leaves the lints out", package.manifest_path);
    }
}

#[test]
fn nothing_compiles_c() {
    let mut problems = Vec::new();
    let packages = reachable();
    // The walk also sees what only tests use.
    assert!(packages.iter().any(|(package, _)| package.name == "divan"));
    for (package, path) in packages {
        let builds = package.targets.iter().any(|target| target.kind.contains(&TargetKind::CustomBuild));
        let binds = package.name.ends_with("-sys") || package.name.ends_with("-src");
        if C_BUILDERS.contains(&package.name.as_str()) || package.links.is_some() || builds && binds {
            problems.push(path);
        }
    }
    assert!(problems.is_empty(), "compiled from C, or bound to it:\n{}", problems.join("\n"));
}

/// Every package that a build of the workspace compiles on this machine, dev-dependencies included, with a way to it.
fn reachable() -> Vec<(&'static Package, String)> {
    let resolve = METADATA.resolve.as_ref().unwrap();
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut waiting: Vec<(&PackageId, String)> =
        METADATA.workspace_members.iter().map(|id| (id, String::new())).collect();
    while let Some((id, from)) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let package = &METADATA[id];
        let path =
            if from.is_empty() { package.name.to_string() } else { format!("{from} → {}", package.name) };
        waiting.extend(nodes[id].deps.iter().map(|dependency| (&dependency.pkg, path.clone())));
        found.push((package, path));
    }
    found
}

#[test]
fn files_stay_short() {
    let mut long = Vec::new();
    for package in METADATA.workspace_packages().into_iter().filter(|package| package.name != TESTS) {
        for (path, text) in sources(package) {
            if text.lines().count() > MAX_LINES {
                long.push(format!("{}: {} lines", path.display(), text.lines().count()));
            }
        }
    }
    assert!(long.is_empty(), "more than {MAX_LINES} lines:\n{}", long.join("\n"));
}

/// The Rust files under a package's `src`.
fn sources(package: &Package) -> Vec<(PathBuf, String)> {
    let mut folders = vec![package.manifest_path.parent().unwrap().as_std_path().join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    assert!(!files.is_empty(), "{} has no sources", package.name);
    files
}

/// The workspace as cargo resolves it for this machine. Offline: what is not here was not needed for the build.
static METADATA: LazyLock<Metadata> = LazyLock::new(|| {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let options = ["--offline".to_owned(), "--filter-platform".to_owned(), host()];
    MetadataCommand::new()
        .manifest_path(manifest)
        .other_options(options)
        .exec()
        .expect("cargo knows its workspace")
});

/// The target triple of this machine.
fn host() -> String {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).arg("-vV").output().expect("cargo runs");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host").to_owned()
}
