//! Reads a scenario and refuses what cannot be, with the line and a hint.

use std::{collections::BTreeSet, fmt, ops::Range};

use serde_spanned::Spanned;
use softhello_ctap::Timestamp;
use softhello_webauthn::Client;

use super::{
    action::{Action, Register, RegisterAt, SignInFile},
    expect::near,
    file::{Account, Device, Scenario, Step, TenantFile, hint_of},
};
use crate::{
    AccountKind, HResult,
    logs::{Channel, catalogue},
    pc::{Join, SessionKind},
    rp::RelyingParty,
    tenant::Era,
    webauthn_h::ApiVersion,
};

/// Why a scenario cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScenarioError {
    /// The line in the file, from 1, if it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// What the parser says, in words of the file, and what to do about it.
fn plainly(message: &str) -> (String, String) {
    const EXPLAINED: &str =
        "docs/scenarios.md explains every key, and `softhello scenario schema` is for editors";
    let (reason, hint) = if message.contains("unit variant, expected newtype variant") {
        ("this action takes more than its name", "write `do = { NAME = … }`, as `do = { register = {} }`")
    } else if message.contains("wanted exactly 1 element") {
        ("a step does one thing", "make two `[[step]]`s of it")
    } else if message.contains("map, expected a sequence") {
        ("there can be several of these", "write it in double brackets: `[[account]]`, `[[step]]`")
    } else {
        // "unknown field `a`, expected one of `b`, `c`"
        let mut names = message.split('`').skip(1).step_by(2);
        let known: Vec<&str> = match (names.next(), message.starts_with("unknown")) {
            (Some(name), true) => names.collect::<Vec<_>>().into_iter().chain([name]).collect(),
            _ => Vec::new(),
        };
        let meant = known.split_last().and_then(|(name, known)| near(name, known.iter().copied()));
        let hint = meant.map_or_else(|| EXPLAINED.to_owned(), |meant| format!("do you mean `{meant}`?"));
        return (message.to_owned(), hint);
    };
    (reason.to_owned(), hint.to_owned())
}

/// A place in the text, and what is wrong there.
struct Wrong {
    span: Option<Range<usize>>,
    reason: String,
    hint: String,
}

fn wrong<T>(span: Range<usize>, reason: impl Into<String>, hint: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { span: Some(span), reason: reason.into(), hint: hint.into() })
}

impl Scenario {
    /// The longest scenario in bytes.
    pub const MAX_SIZE: usize = 256 * 1024;

    /// The most steps, repetitions, registrations and accounts.
    const MAX_COUNT: u32 = 1_000;

    /// The most of all that happens.
    const MAX_TOTAL: u64 = 10_000;

    /// The longest time in minutes: a year.
    const MAX_MINUTES: u64 = 366 * 24 * 60;

    /// Reads a scenario.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`].
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        if text.len() > Self::MAX_SIZE {
            return Err(ScenarioError {
                line: None,
                reason: format!("it has {} bytes, more than {}", text.len(), Self::MAX_SIZE),
                hint: "make several scenarios of it".to_owned(),
            });
        }
        let scenario: Self = toml::from_str(text).map_err(|error| {
            let (reason, hint) = plainly(error.message());
            ScenarioError { line: error.span().map(|span| line(text, &span)), reason, hint }
        })?;
        if toml::from_str::<toml::Value>(text).is_ok_and(|value| has_control(&value)) {
            return Err(ScenarioError {
                line: None,
                reason: "a text in it has control characters".to_owned(),
                hint: "take the escapes out".to_owned(),
            });
        }
        scenario.check().map_err(|Wrong { span, reason, hint }| ScenarioError {
            line: span.map(|span| line(text, &span)),
            reason,
            hint,
        })?;
        Ok(scenario)
    }

    /// When it begins.
    pub(super) fn start(&self) -> Timestamp {
        let given = self.starts.as_ref().and_then(|starts| parse(starts.get_ref()));
        given.unwrap_or_else(|| {
            let era = self.tenant.as_ref().map(|tenant| tenant.get_ref().policy().era);
            Timestamp(match era {
                // 09:00 UTC of 2026-03-16, 2026-05-18 and 2026-07-15.
                Some(Era::Preview) => 1_773_651_600_000,
                Some(Era::Ga) => 1_779_094_800_000,
                Some(Era::Learn202607) | None => 1_784_106_000_000,
            })
        })
    }

    fn check(&self) -> Result<(), Wrong> {
        if self.steps.is_empty() {
            let (reason, hint) = ("nothing happens in it".to_owned(), "add a `[[step]]`".to_owned());
            return Err(Wrong { span: None, reason, hint });
        }
        let most = usize::try_from(Self::MAX_COUNT).unwrap_or(usize::MAX);
        if self.steps.len() > most || self.accounts.len() > most {
            let reason = format!("it has more than {most} steps or accounts");
            return Err(Wrong { span: None, reason, hint: "make several scenarios of it".to_owned() });
        }
        let total: u64 = self.steps.iter().map(|step| step.get_ref().count()).fold(0, u64::saturating_add);
        if total > Self::MAX_TOTAL {
            let reason = format!("{total} things happen in it, more than {}", Self::MAX_TOTAL);
            return Err(Wrong { span: None, reason, hint: "make several scenarios of it".to_owned() });
        }
        self.check_start()?;
        self.check_device()?;
        self.check_accounts()?;
        if let Some(tenant) = &self.tenant {
            self.check_tenant(tenant)?;
        }
        let mut private_mode = false;
        self.steps.iter().try_for_each(|step| self.check_step(step, &mut private_mode))
    }

    fn check_start(&self) -> Result<(), Wrong> {
        let start = self.start();
        let Some(starts) = &self.starts else { return Ok(()) };
        let text = starts.get_ref();
        if parse(text).is_none() {
            return wrong(starts.span(), format!("`{text}` is no time"), "as 2026-07-15T09:00:00Z");
        }
        if let Some(windows) =
            self.device.windows.as_ref().filter(|windows| windows.get_ref().released() > start)
        {
            return wrong(windows.span(), "this Windows is newer than `starts`", "change one of the two");
        }
        if self.device.windows.is_none() && self.device.windows().released() > start {
            let reason = "the Windows that a computer has unless it is said is newer than this";
            return wrong(starts.span(), reason, "set `windows` of the device");
        }
        let Some(tenant) = self.tenant.as_ref() else { return Ok(()) };
        // Before the preview a tenant has no policy of its own.
        let policy = tenant.get_ref().policy.as_ref();
        let (begins, ends) = tenant.get_ref().policy().era.days();
        let is_outside = start < begins || ends.is_some_and(|ends| start >= ends);
        if is_outside && (start >= Era::PREVIEW || policy.is_some()) {
            let span = policy.map_or_else(|| starts.span(), Spanned::span);
            let hint = "change `era` of `[tenant.policy]`, or `starts`";
            return wrong(span, "`starts` lies outside the policy's era", hint);
        }
        Ok(())
    }

    fn check_device(&self) -> Result<(), Wrong> {
        let device = &self.device;
        if let Some(policy) = device.whfb_policy.as_ref().filter(|policy| *policy.get_ref())
            && device.join == Join::Unmanaged
        {
            let reason = "a computer that is not managed has no policy for Windows Hello for Business";
            return wrong(policy.span(), reason, "set `join`, or leave `whfb-policy` out");
        }
        if let Some(api) = &device.api {
            let own = device.windows().api();
            if !(own..=ApiVersion::NEWEST).contains(&ApiVersion(*api.get_ref())) {
                let reason =
                    format!("this Windows has version {} to {} of webauthn.h", own.0, ApiVersion::NEWEST.0);
                return wrong(api.span(), reason, "change `windows` or `api`");
            }
        }
        Ok(())
    }

    fn check_accounts(&self) -> Result<(), Wrong> {
        let (mut names, mut upns) = (BTreeSet::new(), BTreeSet::new());
        for account in &self.accounts {
            let Account { name, kind, upn, .. } = account.get_ref();
            if !names.insert(name.to_lowercase()) || upn.iter().any(|upn| !upns.insert(upn.to_lowercase())) {
                return wrong(
                    account.span(),
                    format!("`{name}` or its user is there twice"),
                    "use another name",
                );
            }
            for name in [Some(name), upn.as_ref()].into_iter().flatten() {
                if let Err(reason) = check_name(name) {
                    return wrong(account.span(), reason, "use letters, digits, `.`, `-`, `_` and `@`");
                }
            }
            let is_joined = matches!(self.device.join, Join::EntraJoined | Join::HybridJoined);
            match (kind, upn) {
                (AccountKind::Entra, None) => {
                    return wrong(account.span(), "an Entra account is somebody's", "set `upn`");
                }
                (AccountKind::Entra, Some(_)) if !is_joined => {
                    let reason = "a work account signs in to Windows only where the computer is joined";
                    let hint =
                        "set `join` of the device, or make it a local or a Microsoft account with a `upn`";
                    return wrong(account.span(), reason, hint);
                }
                (_, Some(upn)) if self.tenant.is_none() => {
                    return wrong(
                        account.span(),
                        format!("{upn} is of a tenant, and there is none"),
                        "add a `[tenant]`",
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_tenant(&self, tenant: &Spanned<TenantFile>) -> Result<(), Wrong> {
        let file = tenant.get_ref();
        let of_accounts = self.accounts.iter().filter_map(|account| account.get_ref().upn.as_deref());
        let mut upns: BTreeSet<String> = of_accounts.map(str::to_lowercase).collect();
        for user in &file.users {
            if !upns.insert(user.upn.to_lowercase()) {
                return wrong(
                    tenant.span(),
                    format!("the user {} is there twice", user.upn),
                    "leave one out",
                );
            }
            if let Err(reason) = check_name(&user.upn) {
                return wrong(tenant.span(), reason, "use letters, digits, `.`, `-`, `_` and `@`");
            }
        }
        if file.propagation_minutes > Self::MAX_MINUTES {
            return wrong(tenant.span(), "a policy takes at most a year", "lower `propagation-minutes`");
        }
        let span = file.policy.as_ref().map_or_else(|| tenant.span(), Spanned::span);
        match file.policy().policy() {
            Ok(_) => Ok(()),
            Err(reason) => wrong(span, reason, "docs/scenarios.md explains the policy"),
        }
    }

    fn check_step(&self, step: &Spanned<Step>, private_mode: &mut bool) -> Result<(), Wrong> {
        let file = step.get_ref();
        let accounts: Vec<String> =
            self.accounts.iter().map(|account| account.get_ref().name.clone()).collect();
        let account = match &file.account {
            None => self.accounts.first(),
            Some(name) => {
                let found = self.accounts.iter().find(|account| account.get_ref().name == *name);
                if found.is_none() {
                    let hint = hint_of(name, &accounts);
                    return wrong(step.span(), format!("there is no account `{name}`"), hint);
                }
                found
            }
        };
        let Some(account) = account else {
            return wrong(step.span(), "there is no account", "add an `[[account]]`");
        };
        if file.action.needs_tenant() {
            if self.tenant.is_none() {
                return wrong(step.span(), "this needs a tenant", "add a `[tenant]`");
            }
            let needs_user = !matches!(
                &file.action,
                Action::SavePolicy(_)
                    | Action::UseMfaAs(_)
                    | Action::Register(Register { user: Some(_), .. })
                    | Action::SignIn(_)
            );
            if needs_user && account.get_ref().upn.is_none() {
                let reason = format!("`{}` is nobody of the tenant", account.get_ref().name);
                return wrong(step.span(), reason, "set `upn` of the account");
            }
        }
        if !(1..=Self::MAX_COUNT).contains(&file.times.unwrap_or(1)) || file.count() > Self::MAX_TOTAL {
            let reason = format!("this is done 1 to {} times", Self::MAX_COUNT);
            return wrong(step.span(), reason, "change the number");
        }
        self.check_action(step, &file.action)?;
        if let Action::PrivateMode(on) = file.action {
            *private_mode = on;
        }
        match &file.expect {
            Some(expect) => self.check_expect(expect, &file.action, *private_mode),
            None => Ok(()),
        }
    }

    fn check_action(&self, step: &Spanned<Step>, action: &Action) -> Result<(), Wrong> {
        let user = match action {
            Action::UseMfaAs(user) | Action::Register(Register { user: Some(user), .. }) => Some(user),
            _ => None,
        };
        if let Some(user) = user {
            let users = self.users();
            if !users.iter().any(|known| known.eq_ignore_ascii_case(user)) {
                let hint = hint_of(user, &users);
                return wrong(step.span(), format!("the tenant has no user {user}"), hint);
            }
        }
        match action {
            Action::SavePolicy(policy) => {
                if let Err(reason) = policy.policy() {
                    return wrong(step.span(), reason, "docs/scenarios.md explains the policy");
                }
                let era = self.tenant.as_ref().map(|tenant| tenant.get_ref().policy().era);
                if era.is_some_and(|era| era != policy.era) {
                    let reason = "the tenant is of another era than this policy";
                    return wrong(step.span(), reason, "write the same `era` in both");
                }
            }
            Action::ProvisionWhfb if self.device.join == Join::Unmanaged => {
                let reason =
                    "Windows Hello for Business is not provisioned on a computer that is not managed";
                return wrong(step.span(), reason, "set `join` of the device");
            }
            Action::Register(_) if self.start() < Era::PREVIEW => {
                let reason = "Entra takes passkeys of Windows Hello since February 2026";
                return wrong(step.span(), reason, "change `starts`");
            }
            Action::Register(Register { minutes_to_name: minutes, .. }) | Action::Wait(minutes)
                if u64::from(*minutes) > Self::MAX_MINUTES =>
            {
                return wrong(step.span(), "nobody waits longer than a year", "lower the number");
            }
            Action::RegisterAt(RegisterAt { algorithms, .. })
                if algorithms.is_empty() || algorithms.iter().any(|alg| ![-7, -257].contains(alg)) =>
            {
                let reason = "Windows Hello has -7 (ES256) and -257 (RS256)";
                return wrong(step.span(), reason, "correct `algorithms`");
            }
            Action::RegisterAt(RegisterAt { rp_id, .. })
            | Action::SignIn(SignInFile { rp_id: Some(rp_id), .. })
                if RelyingParty::new(rp_id).is_err() || Client::new(&format!("https://{rp_id}")).is_err() =>
            {
                return wrong(step.span(), format!("`{rp_id}` is no domain"), "as `rp.example`");
            }
            Action::RegisterAt(RegisterAt { rp_id, .. })
            | Action::SignIn(SignInFile { rp_id: Some(rp_id), .. })
                if self.tenant.as_ref().is_some_and(|tenant| {
                    tenant.get_ref().creation_options.rp_id() == rp_id.to_ascii_lowercase()
                }) =>
            {
                let reason = format!("{rp_id} is the tenant's, which is registered at on Security info");
                return wrong(step.span(), reason, "use `register`, or `sign-in` without `rp-id`");
            }
            Action::Register(Register { fails_with: Some(HResult::SOk), .. })
            | Action::RegisterAt(RegisterAt { fails_with: Some(HResult::SOk), .. })
            | Action::SignIn(SignInFile { fails_with: Some(HResult::SOk), .. }) => {
                return wrong(step.span(), "nothing fails with S_OK", "leave `fails-with` out");
            }
            Action::SetUpHello(pin)
            | Action::TypePin(pin)
            | Action::ResetPin { pin, .. }
            | Action::Register(Register { set_up: Some(pin), .. })
                if pin.len() > 63 =>
            {
                let reason = "the authenticator keeps PINs of at most 63 bytes";
                return wrong(step.span(), reason, "use a shorter PIN");
            }
            Action::SignIn(SignInFile { rp_id: Some(_), remote_computer: true, .. }) => {
                let reason = "a remote computer of the company signs in at Entra";
                return wrong(step.span(), reason, "leave `rp-id` or `remote-computer` out");
            }
            _ => {}
        }
        Ok(())
    }

    fn check_expect(
        &self,
        expect: &Spanned<super::Expect>,
        action: &Action,
        private_mode: bool,
    ) -> Result<(), Wrong> {
        let file = expect.get_ref();
        let names_result = file.ctap.is_some_and(|ctap| ctap.0.is_some())
            || file.exceptions.as_ref().is_some_and(|thrown| !thrown.is_empty());
        if names_result && !action.is_ceremony() {
            let reason =
                "no ceremony runs in this step, so that no authenticator answers and nothing is thrown";
            return wrong(expect.span(), reason, "leave `ctap` and `exceptions` out");
        }
        let has_tenant_logs = file.audit.as_ref().is_some_and(|audit| !audit.is_empty())
            || file.sign_ins.as_ref().is_some_and(|sign_ins| !sign_ins.is_empty());
        if has_tenant_logs && self.tenant.is_none() {
            return wrong(expect.span(), "without a tenant there is no log of one", "add a `[tenant]`");
        }
        let is_registration = matches!(action, Action::Register(_) | Action::RegisterAt(_) | Action::Fill(_));
        if let Some((reason, hint)) = file.contradiction(is_registration) {
            return wrong(expect.span(), reason, hint);
        }
        if self.device.session == SessionKind::Remote && file.ctap.is_some_and(|ctap| ctap.0.is_some()) {
            let reason = "in a Remote Desktop session without redirection no authenticator is reached";
            return wrong(expect.span(), reason, "leave `ctap` out, or redirect the session");
        }
        let is_webauthn = |id: &u16| {
            // The key of a ceremony is not logged either.
            let is_key = action.is_ceremony() && *id == catalogue::KEY_CREATED.id;
            let is_of = |entry: &&&catalogue::Entry| entry.id == *id && entry.channel == Channel::WebAuthN;
            is_key || catalogue::ALL.iter().any(|entry| is_of(&entry))
        };
        let api = self
            .device
            .api
            .as_ref()
            .map_or_else(|| self.device.windows().api(), |api| ApiVersion(*api.get_ref()));
        if private_mode && api.knows_private_mode() && file.log.iter().flatten().any(is_webauthn) {
            return wrong(
                expect.span(),
                "in private mode no ceremony is logged",
                "take those ids out of `log`",
            );
        }
        Ok(())
    }

    /// All users of the tenant.
    fn users(&self) -> Vec<String> {
        let of_accounts = self.accounts.iter().filter_map(|account| account.get_ref().upn.clone());
        let others = self.tenant.iter().flat_map(|tenant| &tenant.get_ref().users);
        of_accounts.chain(others.map(|user| user.upn.clone())).collect()
    }
}

impl Step {
    /// How many things it does.
    fn count(&self) -> u64 {
        let each = match self.action {
            Action::Fill(count) => count,
            Action::OnOtherComputers { passkeys, whfb } => passkeys.saturating_add(whfb),
            _ => 1,
        };
        u64::from(each).saturating_mul(self.times.unwrap_or(1).into())
    }
}

impl Device {
    /// Its Windows.
    pub(super) fn windows(&self) -> crate::pc::WindowsVersion {
        self.windows.as_ref().map(|windows| *windows.get_ref()).unwrap_or_default()
    }
}

/// Whether a relying party takes it as the name of a user.
fn check_name(name: &str) -> Result<(), String> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if (1..=113).contains(&name.len()) && name.chars().all(is_plain) {
        Ok(())
    } else {
        Err(format!("`{}` is no name of 1 to 113 characters", name.escape_debug()))
    }
}

/// Whether some text of the file has control characters, which a terminal or a log would take for more than text.
fn has_control(value: &toml::Value) -> bool {
    match value {
        toml::Value::String(text) => text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')),
        toml::Value::Array(values) => values.iter().any(has_control),
        toml::Value::Table(table) => table.values().any(has_control),
        _ => false,
    }
}

fn parse(time: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = time.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok().map(Timestamp)
}

/// The line of a place, from 1.
fn line(text: &str, span: &Range<usize>) -> usize {
    text.get(..span.start).unwrap_or(text).matches('\n').count() + 1
}
