//! What a tenant writes down: the audit log and the sign-in log.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An entry of the audit log.
///
/// A registration that fails leaves what was begun, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// When, as RFC 3339.
    pub activity_date_time: String,
    /// What.
    pub activity_display_name: Activity,
    /// Which service.
    pub logged_by_service: &'static str,
    /// As `UserManagement`.
    pub category: &'static str,
    /// Whose.
    pub user_principal_name: String,
    /// The key id in standard base64, of a passkey that was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_display_name: Option<String>,
}

macro_rules! activities {
    ($($variant:ident = $name:literal by $service:literal;)+) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum Activity {
            $(#[doc = concat!($name, " (", $service, ").")] #[serde(rename = $name)] $variant,)+
        }

        impl Activity {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As the log names it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Which service writes it. The names of the services are known, which writes what is not: assumed.
            pub fn service(self) -> &'static str {
                match self { $(Self::$variant => $service,)+ }
            }
        }
    };
}

activities! {
    StartedSecurityInfo = "User started security info registration" by "Authentication Methods";
    GetCreationOptions = "Get passkey creation options" by "Authentication Methods";
    AddDeviceBound = "Add Passkey (device-bound)" by "Authentication Methods";
    AddSynced = "Add Passkey (synced)" by "Authentication Methods";
    RegisteredSecurityInfo = "User registered security info" by "Authentication Methods";
    DeletedSecurityInfo = "User deleted security info" by "Authentication Methods";
    AddPhoneSignIn = "Add passwordless phone sign-in credential" by "Azure MFA";
    AddWhfb = "Add Windows Hello for Business credential" by "Device Registration Service";
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An entry of the sign-in log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInEntry {
    /// When, as RFC 3339.
    pub created_date_time: String,
    /// Whose.
    pub user_principal_name: String,
    /// `Passkey (device-bound)`, `Passkey (synced)` or `Windows Hello for Business`.
    pub authentication_method: &'static str,
    /// Why not, if it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
}

impl fmt::Display for SignInEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure_reason {
            None => write!(f, "{}: success", self.authentication_method),
            Some(reason) => write!(f, "{}: failure, {reason}", self.authentication_method),
        }
    }
}
