//! Runs a scenario.

use std::time::Duration;

use serde::Serialize;
use softhello_ctap::Timestamp;
use softhello_device::Seed;

use super::file::Scenario;
use crate::{
    Cause,
    pc::Pc,
    tenant::{Tenant, User},
    world::{Outcome, World, WorldError},
};

/// A scenario that was run.
#[derive(Debug)]
pub struct Run {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its sources.
    pub sources: Vec<String>,
    /// What was assumed.
    pub assumed: Vec<String>,
    /// Its steps, in order.
    pub steps: Vec<Ran>,
    /// Why it went wrong: every cause once, with the step that had it first, from 1.
    pub causes: Vec<(usize, Cause)>,
    /// The computer's name.
    pub computer: String,
}

/// A step that was run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ran {
    /// When.
    #[serde(skip)]
    pub time: Timestamp,
    /// Whose Windows account.
    pub account: String,
    /// What, in words.
    pub did: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The user's methods in the tenant afterwards.
    pub methods: Vec<&'static str>,
    /// What is in the container afterwards, newest first.
    pub container: Vec<String>,
    /// What was expected otherwise.
    pub unmet: Vec<String>,
}

/// Why a scenario could not be run to its end.
#[derive(Debug, thiserror::Error)]
#[error("step {number} ({did}): {source}")]
pub struct RunError {
    /// The step, from 1; 0 for what comes before.
    pub number: usize,
    /// What it does.
    pub did: String,
    /// Why.
    pub source: WorldError,
}

impl Run {
    /// Whether everything came out as expected.
    pub fn is_met(&self) -> bool {
        self.steps.iter().all(|step| step.unmet.is_empty())
    }
}

/// How long a step takes.
const STEP: Duration = Duration::from_secs(10);

/// Runs a scenario of this name. The same seed gives the same run.
///
/// # Errors
///
/// [`RunError`] if a step cannot be done at all.
pub async fn run(name: &str, scenario: &Scenario, seed: &[u8]) -> Result<Run, RunError> {
    let before = |source: WorldError| RunError { number: 0, did: "the beginning".to_owned(), source };
    let mut world = begin(scenario, seed).await.map_err(before)?;
    let first = scenario.accounts.first().map(|account| account.get_ref().name.clone()).unwrap_or_default();
    let mut steps = Vec::new();
    for (number, step) in (1..).zip(&scenario.steps) {
        let step = step.get_ref();
        let account = step.account.clone().unwrap_or_else(|| first.clone());
        let times = step.times.filter(|times| *times != 1);
        let did = step.action.words() + &times.map_or_else(String::new, |times| format!(" ({times} times)"));
        let failed = |source| RunError { number, did: did.clone(), source };
        let mut outcome = Outcome::default();
        let (mark, mut time) = (world.mark(), world.now);
        for _ in 0..step.times.unwrap_or(1) {
            world.wait(STEP);
            time = world.now;
            outcome = step.action.act(&mut world, &account).await.map_err(failed)?;
        }
        // The logs of all times.
        let outcome = world.since(mark, outcome);
        let methods = world.methods(step.action.user().unwrap_or(&world.upn(&account).unwrap_or_default()));
        let container = world.container(&account).await.map_err(failed)?;
        let unmet = match &step.expect {
            Some(expect) => expect.get_ref().unmet(&outcome, &methods, &container),
            None => Vec::new(),
        };
        steps.push(Ran { time, account, did, outcome, methods, container, unmet });
    }
    let mut causes: Vec<(usize, Cause)> = Vec::new();
    for (number, step) in (1..).zip(&steps) {
        if let Some(cause) = step.outcome.cause.filter(|cause| causes.iter().all(|(_, known)| known != cause))
        {
            causes.push((number, cause));
        }
    }
    Ok(Run {
        name: name.to_owned(),
        title: scenario.title.clone(),
        sources: scenario.sources.clone(),
        assumed: scenario.assumed.clone(),
        steps,
        causes,
        computer: world.pc.name.clone(),
    })
}

async fn begin(scenario: &Scenario, seed: &[u8]) -> Result<World, WorldError> {
    let device = &scenario.device;
    let plain = Pc::default();
    let pc = Pc {
        name: device.name.clone().unwrap_or(plain.name),
        join: device.join,
        windows: device.windows(),
        api: device.api.as_ref().map(|api| *api.get_ref()),
        tpm: device.tpm,
        requires_tpm: device.requires_tpm,
        whfb_policy: device.whfb_policy.as_ref().is_some_and(|policy| *policy.get_ref()),
        session: device.session,
        pin_policy: device.pin_policy,
    };
    let mut world = World::new(scenario.start(), pc, Some(Seed::new(seed)));
    world.whfb_keys_sign_in = device.whfb_keys_sign_in.unwrap_or(true);
    if let Some(tenant) = &scenario.tenant {
        let file = tenant.get_ref();
        let policy = file.policy().policy().map_err(WorldError::Missing)?;
        let mut tenant = Tenant::new(policy, Duration::from_secs(60 * file.propagation_minutes));
        tenant.exemption = file.exempt_above_50;
        tenant.creation_options = file.creation_options;
        for user in &file.users {
            tenant.add_user(User::new(&user.upn, &user.groups));
        }
        for account in scenario.accounts.iter().map(serde_spanned::Spanned::get_ref) {
            if let Some(upn) = &account.upn {
                tenant.add_user(User::new(upn, &account.groups));
            }
        }
        world.tenant = Some(tenant);
    }
    for account in scenario.accounts.iter().map(serde_spanned::Spanned::get_ref) {
        world.add_account(&account.name, account.kind, account.upn.as_deref()).await?;
    }
    Ok(world)
}
