//! authenticatorBioEnrollment (0x09). Source: CTAP 2.3 §6.7.

use super::{
    answer, ok,
    pin_uv_auth::{self, Param, authorize},
    refuse,
};
use crate::{
    Answer, Change, ChangeSet, Denied, Gesture, Host, Outcome, Permissions, Profile, Session, Setting, Steps,
    Template,
    message::{
        BIO_ENROLLMENT, BIO_ENROLLMENT_PARAMS, BIO_ENROLLMENT_RESPONSE, MapBuilder, Members, MessageError,
        TEMPLATE_INFO,
    },
    session::Enrollment,
    settings::drawn,
    step::steps,
};

const FINGERPRINT: u64 = 0x01;

const ENROLL_BEGIN: u64 = 0x01;
const ENROLL_CAPTURE_NEXT_SAMPLE: u64 = 0x02;
const CANCEL_CURRENT_ENROLLMENT: u64 = 0x03;
const ENUMERATE_ENROLLMENTS: u64 = 0x04;
const SET_FRIENDLY_NAME: u64 = 0x05;
const REMOVE_ENROLLMENT: u64 = 0x06;
const GET_FINGERPRINT_SENSOR_INFO: u64 = 0x07;

/// The sensor is touched, not swiped.
const TOUCH: u64 = 1;

/// `maxTemplateFriendlyName` in bytes.
const MAX_FRIENDLY_NAME: usize = 64;

/// `lastEnrollSampleStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum SampleStatus {
    Good = 0x00,
    PoorQuality = 0x07,
    NoUserActivity = 0x0D,
}

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    parameters: &[u8],
) -> Result<Vec<u8>, Denied> {
    let members =
        Members::read(&BIO_ENROLLMENT, parameters).map_err(|error| refuse(host, &READ, error.into()))?;
    let Some(subcommand) = members.uint("subCommand") else {
        if members.bool("getModality") != Some(true) {
            let error = MessageError::Missing { member: "subCommand".to_owned() };
            return Err(refuse(host, &READ, error.into()));
        }
        host.note(&MODALITY, Outcome::Passed);
        let mut map = MapBuilder::new(&BIO_ENROLLMENT_RESPONSE);
        map.member("modality").uint(FINGERPRINT);
        return Ok(answer(map));
    };
    host.note(&READ, Outcome::Passed);
    match subcommand {
        CANCEL_CURRENT_ENROLLMENT => {
            session.enrollment = None;
            host.note(&CANCEL, Outcome::Passed);
            return Ok(ok(1).into_bytes());
        }
        GET_FINGERPRINT_SENSOR_INFO => {
            host.note(&SENSOR, Outcome::Passed);
            let mut map = MapBuilder::new(&BIO_ENROLLMENT_RESPONSE);
            map.member("fingerprintKind").uint(TOUCH);
            map.member("maxCaptureSamplesRequiredForEnroll").uint(profile.fingerprint_samples.into());
            map.member("maxTemplateFriendlyName").uint(MAX_FRIENDLY_NAME as u64);
            return Ok(answer(map));
        }
        ENROLL_BEGIN..=REMOVE_ENROLLMENT => {}
        _ => return Err(refuse(host, &SUBCOMMAND, Denied::UnknownSubcommand(subcommand))),
    }
    host.note(&SUBCOMMAND, Outcome::Passed);
    let params = authenticate(host, profile, session, &members, subcommand)?;
    let params = params.as_ref();
    match subcommand {
        ENROLL_BEGIN => begin(host, profile, session, params).await,
        ENROLL_CAPTURE_NEXT_SAMPLE => capture_next_sample(host, session, params).await,
        ENUMERATE_ENROLLMENTS => enumerate(host).await,
        SET_FRIENDLY_NAME => set_friendly_name(host, params).await,
        _ => remove(host, params).await,
    }
}

/// The preamble that all authenticated subcommands share: their parameters.
fn authenticate<'a>(
    host: &mut impl Steps,
    profile: &Profile,
    session: &mut Session,
    members: &Members<'a>,
    subcommand: u64,
) -> Result<Option<Members<'a>>, Denied> {
    let Some(param) = members.bytes("pinUvAuthParam") else {
        return Err(refuse(host, &PUAT, Denied::PuatRequired));
    };
    let raw_params = members.raw("subCommandParams");
    let params = raw_params
        .map(|map| Members::read(&BIO_ENROLLMENT_PARAMS, map))
        .transpose()
        .map_err(|error| refuse(host, &MANDATORY, error.into()))?;
    let mandatory: &[&str] = match subcommand {
        ENROLL_CAPTURE_NEXT_SAMPLE | REMOVE_ENROLLMENT => &["templateId"],
        SET_FRIENDLY_NAME => &["templateId", "templateFriendlyName"],
        _ => &[],
    };
    let absent = |name: &&&str| params.as_ref().and_then(|params| params.raw(name)).is_none();
    let missing = |member: String| Denied::from(MessageError::Missing { member });
    if let Some(name) = mandatory.iter().find(absent) {
        return Err(refuse(host, &MANDATORY, missing(format!("subCommandParams.{name}"))));
    }
    match members.uint("modality") {
        None => return Err(refuse(host, &MANDATORY, missing("modality".to_owned()))),
        Some(FINGERPRINT) => {}
        Some(other) => return Err(refuse(host, &MANDATORY, Denied::UnknownModality(other))),
    }
    let protocol = pin_uv_auth::protocol(host, &MANDATORY, profile, members)?;
    let name = params.as_ref().and_then(|params| params.text("templateFriendlyName")).unwrap_or_default();
    if subcommand == SET_FRIENDLY_NAME && name.len() > MAX_FRIENDLY_NAME {
        return Err(refuse(host, &NAME_LENGTH, Denied::FriendlyNameTooLong { len: name.len() }));
    }
    host.note(&MANDATORY, Outcome::Passed);
    let prefix = [FINGERPRINT.to_le_bytes()[0], subcommand.to_le_bytes()[0]];
    let message: &[&[u8]] = match subcommand {
        ENUMERATE_ENROLLMENTS => &[&prefix],
        _ => &[&prefix, raw_params.unwrap_or_default()],
    };
    authorize(host, &VERIFY, session, Param { protocol, param }, message, Permissions::BE)?;
    host.note(&VERIFY, Outcome::Passed);
    Ok(params)
}

async fn begin(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    params: Option<&Members<'_>>,
) -> Result<Vec<u8>, Denied> {
    session.enrollment = None;
    let templates = host.state().await?.settings.templates;
    if templates.len() >= usize::from(profile.max_fingerprints) {
        return Err(refuse(host, &ROOM, Denied::FingerprintsFull { max: profile.max_fingerprints }));
    }
    host.note(&ROOM, Outcome::Passed);
    let template_id = drawn::<4>(&mut |out| host.random(out)).to_vec();
    let enrollment = session
        .enrollment
        .insert(Enrollment { template_id: template_id.clone(), remaining: profile.fingerprint_samples });
    let (status, remaining) = sample(host, enrollment, params).await?;
    end_if_enrolled(session, remaining);
    Ok(sampled(Some(&template_id), status, remaining))
}

async fn capture_next_sample(
    host: &mut impl Host,
    session: &mut Session,
    params: Option<&Members<'_>>,
) -> Result<Vec<u8>, Denied> {
    let id = params.and_then(|params| params.bytes("templateId"));
    let running = session.enrollment.as_mut().filter(|running| id == Some(&running.template_id));
    let Some(enrollment) = running else {
        return Err(refuse(host, &RUNNING, Denied::NoEnrollment));
    };
    host.note(&RUNNING, Outcome::Passed);
    let (status, remaining) = sample(host, enrollment, params).await?;
    end_if_enrolled(session, remaining);
    Ok(sampled(None, status, remaining))
}

fn end_if_enrolled(session: &mut Session, remaining: u8) {
    if remaining == 0 {
        session.enrollment = None;
    }
}

/// Waits for one sample. The last good one enrols the finger; the enrolment stays as it was until that is durable.
async fn sample(
    host: &mut impl Host,
    enrollment: &mut Enrollment,
    params: Option<&Members<'_>>,
) -> Result<(SampleStatus, u8), Denied> {
    let timeout_ms = params.and_then(|params| params.uint("timeoutMilliseconds"));
    let gesture = Gesture::Sample { remaining: enrollment.remaining, timeout_ms };
    let status = match host.ask(gesture).await {
        Answer::Given => Ok(SampleStatus::Good),
        Answer::Wrong => Ok(SampleStatus::PoorQuality),
        Answer::TimedOut => Ok(SampleStatus::NoUserActivity),
        Answer::Declined => Err(Denied::UserDeclined),
        Answer::Cancelled => Err(Denied::Cancelled),
    };
    let status = status.map_err(|denied| refuse(host, &SAMPLE, denied))?;
    host.note(&SAMPLE, Outcome::Chose(if status == SampleStatus::Good { "good" } else { "not good" }));
    let remaining = match status {
        SampleStatus::Good => enrollment.remaining.saturating_sub(1),
        _ => enrollment.remaining,
    };
    if remaining == 0 {
        let template = Template { id: enrollment.template_id.clone(), friendly_name: None };
        host.commit(ChangeSet::one(Change::Set(Setting::Template(template)))).await?;
        host.note(&ENROLLED, Outcome::Passed);
    }
    enrollment.remaining = remaining;
    Ok((status, remaining))
}

fn sampled(template_id: Option<&[u8]>, status: SampleStatus, remaining: u8) -> Vec<u8> {
    let mut map = MapBuilder::new(&BIO_ENROLLMENT_RESPONSE);
    if let Some(id) = template_id {
        map.member("templateId").bytes(id);
    }
    map.member("lastEnrollSampleStatus").uint(status as u64);
    map.member("remainingSamples").uint(remaining.into());
    answer(map)
}

async fn enumerate(host: &mut impl Host) -> Result<Vec<u8>, Denied> {
    let templates = host.state().await?.settings.templates;
    if templates.is_empty() {
        return Err(refuse(host, &ENUMERATE, Denied::NoFingerprint));
    }
    host.note(&ENUMERATE, Outcome::Passed);
    let mut map = MapBuilder::new(&BIO_ENROLLMENT_RESPONSE);
    let list = map.member("templateInfos").array(templates.len());
    for template in &templates {
        let mut info = MapBuilder::new(&TEMPLATE_INFO);
        info.member("templateId").bytes(&template.id);
        // A name that was never given is told as an empty one: platforms read the member unasked.
        info.member("templateFriendlyName").text(template.friendly_name.as_deref().unwrap_or_default());
        info.write(list);
    }
    Ok(answer(map))
}

/// The enrolled template that `templateId` names.
async fn named(host: &mut impl Host, params: Option<&Members<'_>>) -> Result<Template, Denied> {
    let id = params.and_then(|params| params.bytes("templateId")).unwrap_or_default();
    let templates = host.state().await?.settings.templates;
    match templates.into_iter().find(|template| template.id == id) {
        Some(template) => {
            host.note(&NAMED, Outcome::Passed);
            Ok(template)
        }
        None => Err(refuse(host, &NAMED, Denied::NoFingerprint)),
    }
}

async fn set_friendly_name(host: &mut impl Host, params: Option<&Members<'_>>) -> Result<Vec<u8>, Denied> {
    let template = named(host, params).await?;
    let friendly_name = params.and_then(|params| params.text("templateFriendlyName")).map(str::to_owned);
    let renamed = Setting::Template(Template { friendly_name, ..template });
    host.commit(ChangeSet::one(Change::Set(renamed))).await?;
    host.note(&RENAME, Outcome::Passed);
    Ok(ok(1).into_bytes())
}

async fn remove(host: &mut impl Host, params: Option<&Members<'_>>) -> Result<Vec<u8>, Denied> {
    let template = named(host, params).await?;
    host.commit(ChangeSet::one(Change::Set(Setting::RemoveTemplate(template.id)))).await?;
    host.note(&REMOVE, Outcome::Passed);
    Ok(ok(1).into_bytes())
}

steps! {
    READ = "6.7" "0" "getModality or a subCommand is there, and every known member has its type";
    MODALITY = "6.7.2" "1" "the modality is fingerprint";
    SENSOR = "6.7.3" "1" "the kind of sensor, how many samples it takes, and how long a name may be";
    SUBCOMMAND = "6.7" "1" "a subcommand that does not exist is INVALID_SUBCOMMAND";
    PUAT = "6.7" "2" "without pinUvAuthParam it is PUAT_REQUIRED";
    MANDATORY = "6.7" "3" "the mandatory parameters are there, the modality is fingerprint and the protocol is supported";
    NAME_LENGTH = "6.7" "4" "a friendly name longer than maxTemplateFriendlyName is INVALID_LENGTH";
    VERIFY = "6.7" "5" "pinUvAuthParam authenticates modality, subcommand and parameters, with a token that has be";
    ROOM = "6.7.4" "1" "where no further template fits it is FP_DATABASE_FULL; an unfinished enrolment is cancelled";
    RUNNING = "6.7.4" "2" "templateId is that of the running enrolment, else INVALID_OPTION";
    SAMPLE = "6.7.4" "3" "the finger is put on the sensor; a sample that is not good leaves remainingSamples as it is";
    ENROLLED = "6.7.4" "4" "with the last sample the template is stored";
    CANCEL = "6.7.5" "1" "the running enrolment, if there is one, is forgotten";
    ENUMERATE = "6.7.6" "1" "all templates with their names; without any it is INVALID_OPTION";
    NAMED = "6.7.7" "1" "templateId names an enrolled template, else INVALID_OPTION";
    RENAME = "6.7.7" "2" "the template gets its name";
    REMOVE = "6.7.8" "1" "the template is removed";
}
