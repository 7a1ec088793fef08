//! What people do with Windows Hello itself: setting it up, typing PINs, enrolling faces, resetting.

use softhello_device::Pin;

use super::{Actor, Biometric, Outcome, World, WorldError, screens};
use crate::{
    AccountKind, Cause, HResult, WindowsError,
    hello::{Lockout, PinRefused, Turn},
    logs::catalogue as log,
    pc::Tpm,
};

impl World {
    /// Sets Windows Hello up with a PIN. On a computer of an organisation with the policy on, that also provisions WHfB.
    ///
    /// # Errors
    ///
    /// [`WorldError::Pin`], [`WorldError::Windows`] or [`WorldError::Missing`].
    pub async fn set_up_hello(&mut self, account: &str, pin: &str) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let mut outcome = Outcome::default();
        outcome.sees(format!("{} > PIN (Windows Hello) > Set up", screens::SIGN_IN_OPTIONS));
        outcome.says(Actor::Person, Actor::Hello, "sets a PIN");
        self.new_pin(account, pin, &mut outcome).await?;
        Ok(self.since(mark, outcome))
    }

    /// A new PIN, and with it WHfB where that is wanted. Source: Windows Hello for Business, how provisioning works: the
    /// prerequisites are looked at before the PIN, the key comes after it.
    pub(super) async fn new_pin(
        &mut self,
        account: &str,
        pin: &str,
        outcome: &mut Outcome,
    ) -> Result<(), WorldError> {
        if let Err(refused) = self.check_pin(account, pin) {
            outcome.sees(format!("{}: {refused}", screens::PIN_REFUSED));
            outcome.fails(Cause::PinRefused);
            return Ok(());
        }
        let pin = Pin::try_from(pin).map_err(|_| WorldError::Pin)?;
        let upn = self.whfb_user(account, outcome).await?;
        if let Some(upn) = &upn {
            self.log(&log::PROCESSING_STARTED, &["Enrollment"]);
            // On a registered computer the PIN is that of one's own account, and needs no work account.
            if self.pc.is_joined() && !self.has_mfa_for_whfb(upn, outcome)? {
                return Ok(());
            }
        }
        let exists = self.has_pin(account).await?;
        self.log(&log::CONTAINER_STARTED, &[]);
        let requirement = if self.pc.requires_tpm { "Hardware Required" } else { "Hardware Preferred" };
        let (version, provider) = match self.pc.tpm {
            Tpm::Unusable => ("none", "software"),
            Tpm::Usable | Tpm::UsableByVbs => ("TPM 2.0", "hardware"),
        };
        if !self.pc.has_hello() {
            let code = format!("0x{:08X}", HResult::NteDeviceNotFound.code());
            self.log(&log::DEVICE_POLICY, &[requirement, version, provider, &code]);
            self.log(&log::CONTAINER_FAILED, &[&code]);
            outcome.sees(screens::UNAVAILABLE);
            outcome.hresult = Some(HResult::NteDeviceNotFound);
            outcome.fails(Cause::RequiresTpm);
            return Ok(());
        }
        self.log(&log::DEVICE_POLICY, &[requirement, version, provider, "0x0"]);
        if !exists {
            // The keys of the container that protect all others.
            self.log(&log::KEY_CREATED, &["software", "0x0"]);
            self.log(&log::KEY_CREATED, &["software", "0x0"]);
        }
        self.computer().set_pin(account, Some(&pin)).await?;
        let now = self.now;
        let person = self.person_mut(account)?;
        person.lockout = Lockout::default();
        person.pins.push((pin.verifier(), now));
        self.log(&log::CONTAINER_DONE, &[if exists { "true" } else { "false" }]);
        outcome.sees(screens::PIN_READY);
        if let Some(upn) = upn
            && (self.pc.is_joined() || self.has_mfa_for_whfb(&upn, outcome)?)
        {
            self.create_whfb_key(account, &upn, outcome).await?;
        }
        Ok(())
    }

    /// Whether the policy takes it. Source: policy settings: so many earlier PINs cannot be used again, the present one among
    /// them.
    fn check_pin(&self, account: &str, pin: &str) -> Result<(), PinRefused> {
        self.pc.pin_policy.check(pin)?;
        let pins = self.people.get(account).map(|person| person.pins.as_slice()).unwrap_or_default();
        let verifier = Pin::try_from(pin).map(|pin| pin.verifier());
        let mut last = pins.iter().rev().take(self.pc.pin_policy.history.into());
        let is_used = last.any(|(used, _)| verifier.as_ref().is_ok_and(|verifier| verifier == used));
        if is_used { Err(PinRefused::Used) } else { Ok(()) }
    }

    /// Source: policy settings: after so many days a PIN has to be changed.
    fn has_expired(&self, account: &str) -> Result<bool, WorldError> {
        let days = u64::from(self.pc.pin_policy.expires_days);
        let age = self.person(account)?.pins.last().map(|(_, since)| self.now.0.saturating_sub(since.0));
        Ok(days > 0 && age.is_some_and(|age| age >= days * 24 * 60 * 60 * 1000))
    }

    /// A PIN is typed to sign in to Windows.
    ///
    /// Where a work account signs in to Windows, Windows Hello for Business does; a passkey of Entra does not, although it
    /// is in the same Windows Hello.
    ///
    /// # Errors
    ///
    /// [`WorldError::Windows`] or [`WorldError::Missing`].
    pub async fn type_pin(&mut self, account: &str, pin: &str) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let mut outcome = Outcome::default();
        outcome.says(Actor::Person, Actor::Hello, "types a PIN");
        if !self.has_pin(account).await? {
            outcome.sees(screens::USE_PASSWORD);
            outcome.fails(Cause::NoPin);
            return Ok(self.since(mark, outcome));
        }
        let now = self.now;
        if self.person(account)?.lockout.turn(now) == Turn::Pin {
            let computer = self.computer();
            let known = computer.pin(&computer.account(account).await?).await?;
            let is_right =
                known.is_some_and(|known| Pin::try_from(pin).is_ok_and(|pin| pin.verifier() == known));
            self.person_mut(account)?.lockout.typed(is_right, now);
            if is_right && self.has_expired(account)? {
                outcome.sees(screens::PIN_EXPIRED);
                outcome.fails(Cause::PinExpired);
                return Ok(self.since(mark, outcome));
            }
            if is_right {
                self.sign_in_to_windows(account, &mut outcome).await?;
                return Ok(self.since(mark, outcome));
            }
            let name = self.user_name(account)?;
            self.log(&log::SIGN_IN_FAILED, &[&name, "0xC000006A"]);
            outcome.sees(screens::PIN_INCORRECT);
        }
        outcome.sees(match self.person(account)?.lockout.turn(now) {
            Turn::Pin => return Ok(self.since(mark, outcome)),
            Turn::Challenge => screens::PIN_CHALLENGE.to_owned(),
            Turn::Restart => screens::PIN_RESTART.to_owned(),
            Turn::Wait(left) => {
                format!("{}: minutes left: {}", screens::PIN_WAIT, left.as_secs().div_ceil(60))
            }
        });
        outcome.fails(Cause::PinLockout);
        Ok(self.since(mark, outcome))
    }

    async fn sign_in_to_windows(&mut self, account: &str, outcome: &mut Outcome) -> Result<(), WorldError> {
        if self.person(account)?.kind != AccountKind::Entra {
            self.log(&log::GESTURE, &["PIN"]);
            outcome.sees("signed in to Windows");
            return Ok(());
        }
        let upn = self.upn(account)?;
        let key = self.whfb_key(account, &upn).await?;
        if key.is_some_and(|key| self.tenant.as_ref().is_some_and(|tenant| tenant.has(&upn, &key.id))) {
            let now = self.now;
            self.log(&log::GESTURE, &["PIN"]);
            self.tenant_mut()?.signed_in_by_whfb(&upn, now);
            outcome.sees("signed in to Windows with Windows Hello for Business");
        } else {
            outcome.sees(screens::USE_PASSWORD);
            outcome.fails(Cause::NotForWindows);
        }
        Ok(())
    }

    /// The challenge is typed.
    ///
    /// # Errors
    ///
    /// [`WorldError::Missing`].
    pub fn type_challenge(&mut self, account: &str) -> Result<Outcome, WorldError> {
        let now = self.now;
        let lockout = &mut self.person_mut(account)?.lockout;
        let is_asked = lockout.turn(now) == Turn::Challenge;
        lockout.challenge_typed(now);
        let mut outcome = Outcome::default();
        outcome.sees(if is_asked { "Enter your PIN" } else { "nothing asks for it" });
        Ok(outcome)
    }

    /// The computer is restarted.
    pub fn restart(&mut self) -> Outcome {
        let now = self.now;
        for person in self.people.values_mut() {
            person.lockout.restarted(now);
        }
        let mut outcome = Outcome::default();
        outcome.sees("the computer starts again");
        outcome
    }

    /// "I forgot my PIN". A destructive reset, which is the default of Windows, deletes the keys in the container.
    ///
    /// # Errors
    ///
    /// As [`Self::set_up_hello`].
    pub async fn reset_pin(
        &mut self,
        account: &str,
        pin: &str,
        destructive: bool,
    ) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let mut outcome = Outcome::default();
        outcome.sees("Sign-in options > PIN > I forgot my PIN");
        outcome.says(Actor::Person, Actor::Hello, "resets the PIN");
        // A PIN that is refused resets nothing.
        if destructive && self.check_pin(account, pin).is_ok() {
            self.empty_container(account, "PINReset").await?;
        }
        self.new_pin(account, pin, &mut outcome).await?;
        Ok(self.since(mark, outcome))
    }

    /// `certutil -deleteHelloContainer`.
    ///
    /// # Errors
    ///
    /// [`WorldError::Windows`] or [`WorldError::Missing`].
    pub async fn delete_container(&mut self, account: &str) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let mut outcome = Outcome::default();
        outcome.says(Actor::Person, Actor::Windows, "certutil -deleteHelloContainer");
        outcome.sees(match self.empty_container(account, "certutil.exe").await? {
            true => "certutil: the Windows Hello container was deleted",
            false => "certutil: there is no Windows Hello container",
        });
        Ok(self.since(mark, outcome))
    }

    /// Whether there was a container to delete.
    async fn empty_container(&mut self, account: &str, process: &str) -> Result<bool, WorldError> {
        self.log(&log::CONTAINER_DELETION_STARTED, &[process]);
        // An account without a PIN has an empty container here; Windows has none.
        let existed = self.has_pin(account).await?;
        match self.computer().delete_container(account).await {
            Ok(()) | Err(WindowsError::NoContainer { .. }) => {}
            Err(other) => return Err(other.into()),
        }
        let person = self.person_mut(account)?;
        (person.gestures, person.lockout) = Default::default();
        self.log(if existed { &log::CONTAINER_DELETED } else { &log::NOTHING_TO_DELETE }, &[]);
        Ok(existed)
    }

    /// A face or a finger is enrolled, which needs a PIN.
    ///
    /// # Errors
    ///
    /// [`WorldError::Windows`] or [`WorldError::Missing`].
    pub async fn enrol(&mut self, account: &str, what: Biometric) -> Result<Outcome, WorldError> {
        let mark = self.mark();
        let mut outcome = Outcome::default();
        outcome.says(Actor::Person, Actor::Hello, format!("enrols: {}", what.name()));
        if !self.has_pin(account).await? {
            outcome.sees("Set up a PIN before you set up face or fingerprint recognition");
            outcome.fails(Cause::NoPin);
            return Ok(self.since(mark, outcome));
        }
        let gestures = &mut self.person_mut(account)?.gestures;
        let has_room = match what {
            Biometric::Face => {
                gestures.enrol_face();
                true
            }
            Biometric::Fingerprint => gestures.enrol_fingerprint(),
        };
        if has_room {
            outcome.sees(format!("{} recognition is set up", what.name()));
        } else {
            outcome.sees(screens::MOST_FINGERPRINTS);
            outcome.fails(Cause::TooManyFingerprints);
        }
        Ok(self.since(mark, outcome))
    }

    /// Settings > Accounts > Sign-in options: the three methods of Windows Hello.
    ///
    /// # Errors
    ///
    /// [`WorldError::Windows`] or [`WorldError::Missing`].
    pub async fn sign_in_options(&mut self, account: &str) -> Result<Outcome, WorldError> {
        let mut outcome = Outcome::default();
        let (face, fingerprint) = self.person(account)?.gestures.enrolled();
        let pin = self.has_pin(account).await?;
        for (name, is_set) in
            [("Facial recognition", face), ("Fingerprint recognition", fingerprint), ("PIN", pin)]
        {
            let state = if is_set { "set" } else { "Set up" };
            outcome.sees(format!("{} > {name} (Windows Hello): {state}", screens::SIGN_IN_OPTIONS));
        }
        Ok(outcome)
    }

    /// Whether Windows Hello is set up.
    pub(super) async fn has_pin(&self, account: &str) -> Result<bool, WorldError> {
        let computer = self.computer();
        Ok(computer.pin(&computer.account(account).await?).await?.is_some())
    }

    /// As logs name who uses an account.
    fn user_name(&self, account: &str) -> Result<String, WorldError> {
        Ok(self.person(account)?.upn.clone().unwrap_or_else(|| account.to_owned()))
    }
}
