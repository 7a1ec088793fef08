//! The entries that can be written: channel, id, level and message, as Windows has them.
//!
//! Sources: the manifests of the three providers, and recorded logs. Of fields whose values would say nothing here
//! (processing times, tokens, hashes of a random challenge) the message keeps the place empty or leaves the line out.

use super::{Channel, Level};

/// An entry that can be written. `%1`, `%2`, … in the message stand for its fields, in their order.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is written.
    pub channel: Channel,
    /// Its id.
    pub id: u16,
    /// Its level.
    pub level: Level,
    /// Its message.
    pub message: &'static str,
    /// The names of its fields.
    pub fields: &'static [&'static str],
}

impl Entry {
    /// Its message with the names of its fields in the places of their values.
    pub fn described(&self) -> String {
        let mut message = self.message.to_owned();
        for (number, field) in self.fields.iter().enumerate().rev() {
            message = message.replace(&format!("%{}", number + 1), &format!("<{field}>"));
        }
        message
    }
}

macro_rules! entries {
    ($($name:ident = $channel:ident $id:literal $level:ident $message:literal [$($field:literal),*];)+) => {
        $(
            #[doc = concat!($message, " (", stringify!($channel), " ", stringify!($id), ")")]
            pub static $name: Entry = Entry {
                channel: Channel::$channel,
                id: $id,
                level: Level::$level,
                message: $message,
                fields: &[$($field),*],
            };
        )+

        /// All of them.
        pub static ALL: &[&Entry] = &[$(&$name),+];
    };
}

entries! {
    PREREQUISITES_STARTED = HelloForBusiness 3054 Information "Windows Hello for Business prerequisites check started." [];
    PREREQUISITES_FAILED = HelloForBusiness 7054 Error "Windows Hello for Business prerequisites check failed. Error: %1" ["Error"];
    PREREQUISITES_PASSED = HelloForBusiness 8054 Information "Windows Hello for Business prerequisites check completed successfully." [];
    REMOTE_SESSION = HelloForBusiness 7210 Error "Windows Hello for Business detected the user running in a remote desktop session." [];
    NOT_REMOTE_SESSION = HelloForBusiness 8210 Information "Windows Hello for Business successfully completed the remote desktop prerequisite check." [];
    NOT_SIGNED_IN_TO_ENTRA = HelloForBusiness 7201 Error "The Primary Account Primary Refresh Token prerequisite check failed." [];
    SIGNED_IN_TO_ENTRA = HelloForBusiness 8201 Information "The Primary Account Primary Refresh Token prerequisite check completed successfully." [];
    NO_SECONDARY_ACCOUNT = HelloForBusiness 7211 Error "The Secondary Account Primary Refresh Token prerequisite check failed." [];
    SECONDARY_ACCOUNT = HelloForBusiness 8211 Information "The Secondary Account Primary Refresh Token prerequisite check completed successfully." [];
    REGISTERED = HelloForBusiness 8200 Information "The device registration prerequisite check completed successfully." [];
    NO_HARDWARE = HelloForBusiness 7202 Error "The device failed to meet the Windows Hello for Business hardware requirements." [];
    HARDWARE = HelloForBusiness 8202 Information "The device meets Windows Hello for Business hardware requirements." [];
    WHFB_DISABLED = HelloForBusiness 7203 Error "Windows Hello for Business is not enabled." [];
    WHFB_ENABLED = HelloForBusiness 8203 Information "Windows Hello for Business is enabled." [];
    PROCESSING_STARTED = HelloForBusiness 3045 Information "Windows Hello processing started. Scenario type: %1" ["ScenarioType"];
    PROCESSING_FAILED = HelloForBusiness 7045 Error "Windows Hello processing failed with %1." ["Error"];
    PROCESSING_DONE = HelloForBusiness 8045 Information "Windows Hello processing completed successfully." [];
    CONTAINER_STARTED = HelloForBusiness 3055 Information "Windows Hello container provisioning started." [];
    CONTAINER_DONE = HelloForBusiness 8055 Information "Windows Hello container provisioning completed successfully. Existing container: %1" ["ExistingContainer"];
    DEVICE_POLICY = HelloForBusiness 5555 Information "Windows Hello is validating that the device can satisfy all applicable policies. Hardware Policy: %1 TPM Version: %2 Key Storage Provider: %3 Result: %4" ["HardwarePolicy", "TpmVersion", "KeyStorageProvider", "Result"];
    CONTAINER_FAILED = HelloForBusiness 7055 Error "Windows Hello container provisioning failed with %1." ["Error"];
    USER_KEY_STARTED = HelloForBusiness 3225 Information "Windows Hello key creation started." [];
    USER_KEY_DONE = HelloForBusiness 8225 Information "Windows Hello key creation completed successfully." [];
    KEY_CREATED = HelloForBusiness 5225 Information "Creating a %1 Windows Hello key with result %2." ["KeyType", "Result"];
    KEY_CERTIFICATE = HelloForBusiness 8067 Information "Windows Hello set a certificate property on a Windows Hello key. Key name: %1 Certificate type: %2" ["KeyName", "CertificateType"];
    KEY_DELETED = HelloForBusiness 8226 Information "Windows Hello successfully deleted a %1 %2 key from the Windows Hello container. Key Name: %3" ["KeyType", "Kind", "KeyName"];
    KEY_NOT_DELETED = HelloForBusiness 7226 Error "Windows Hello failed to delete the %1 key. Key Name: %2 Error: %3" ["Kind", "KeyName", "Error"];
    REGISTRATION_STARTED = HelloForBusiness 3510 Information "Windows Hello key registration started." [];
    REGISTRATION_DONE = HelloForBusiness 8510 Information "Windows Hello key registration completed successfully." [];
    CONTAINER_DELETION_STARTED = HelloForBusiness 3611 Information "Windows Hello container deletion started from %1." ["Process"];
    CONTAINER_DELETED = HelloForBusiness 8611 Information "Windows Hello successfully deleted the container." [];
    NOTHING_TO_DELETE = HelloForBusiness 6611 Warning "Windows Hello could not delete the container as no container currently exists for the user." [];
    GESTURE = HelloForBusiness 5002 Information "A user is signing into the device with the following gesture information: %1" ["Gesture"];
    SIGN_IN_FAILED = HelloForBusiness 7001 Error "A user failed to sign into the device with the following information: Username: %1 Authentication Error Status: %2" ["Username", "Status"];

    NGC_CONTAINER_CREATED = UserDeviceRegistration 108 Information "The Microsoft Passport container was created. User SID: %1 IDP domain: %2 Tenant domain: %3" ["SID", "IdpDomain", "TenantDomain"];
    NGC_KEY_CREATED = UserDeviceRegistration 109 Information "The Microsoft Passport user ID key was created. Key name: %1" ["KeyName"];
    NGC_KEY_REGISTERED = UserDeviceRegistration 300 Information "The Microsoft Passport key was successfully registered with Azure AD. Key ID: %1 UPN: %2 Attestation: %3" ["KeyId", "UPN", "Attestation"];
    NGC_KEY_NOT_REGISTERED = UserDeviceRegistration 301 Error "The Microsoft Passport key registration with Azure AD failed. Exit code: %1" ["Error"];
    WILL_PROVISION = UserDeviceRegistration 358 Information "Windows Hello for Business provisioning will be launched. Device is AAD joined ( AADJ or DJ++ ): %1 User has logged on with AAD credentials: %2 Windows Hello for Business policy is enabled: %3 Windows Hello for Business post-logon provisioning is enabled: %4 Local computer meets Windows hello for business hardware requirements: %5 User is not connected to the machine via Remote Desktop: %6 User certificate for on premise auth policy is enabled: %7 Machine is governed by %8 policy." ["AadJoined", "AadCredentials", "PolicyEnabled", "PostLogon", "Hardware", "NotRemote", "Certificate", "Governing"];
    WILL_NOT_PROVISION = UserDeviceRegistration 360 Warning "Windows Hello for Business provisioning will not be launched. Device is AAD joined ( AADJ or DJ++ ): %1 User has logged on with AAD credentials: %2 Windows Hello for Business policy is enabled: %3 Windows Hello for Business post-logon provisioning is enabled: %4 Local computer meets Windows hello for business hardware requirements: %5 User is not connected to the machine via Remote Desktop: %6 User certificate for on premise auth policy is enabled: %7 Machine is governed by %8 policy." ["AadJoined", "AadCredentials", "PolicyEnabled", "PostLogon", "Hardware", "NotRemote", "Certificate", "Governing"];

    MAKE_STARTED = WebAuthN 1000 Information "WebAuthN Ctap MakeCredential started. TransactionId: %1" ["TransactionId"];
    MAKE_DONE = WebAuthN 1001 Information "WebAuthN Ctap MakeCredential completed. TransactionId: %1" ["TransactionId"];
    MAKE_FAILED = WebAuthN 1002 Error "WebAuthN Ctap MakeCredential completed. TransactionId: %1 Error: %2. %3" ["TransactionId", "Error", "HResult"];
    GET_STARTED = WebAuthN 1003 Information "WebAuthN Ctap GetAssertion started. TransactionId: %1" ["TransactionId"];
    GET_DONE = WebAuthN 1004 Information "WebAuthN Ctap GetAssertion completed. TransactionId: %1" ["TransactionId"];
    GET_FAILED = WebAuthN 1005 Error "WebAuthN Ctap GetAssertion completed. TransactionId: %1 Error: %2. %3" ["TransactionId", "Error", "HResult"];
    NGC_MAKE_STARTED = WebAuthN 1020 Information "WebAuthN Ngc MakeCredential started. TransactionId: %1" ["TransactionId"];
    NGC_MAKE_DONE = WebAuthN 1021 Information "WebAuthN Ngc MakeCredential completed. TransactionId: %1" ["TransactionId"];
    NGC_MAKE_FAILED = WebAuthN 1022 Error "WebAuthN Ngc MakeCredential completed. TransactionId: %1 Error: %2. %3" ["TransactionId", "Error", "HResult"];
    NGC_GET_STARTED = WebAuthN 1023 Information "WebAuthN Ngc GetAssertion started. TransactionId: %1" ["TransactionId"];
    NGC_GET_DONE = WebAuthN 1024 Information "WebAuthN Ngc GetAssertion completed. TransactionId: %1" ["TransactionId"];
    NGC_GET_FAILED = WebAuthN 1025 Error "WebAuthN Ngc GetAssertion completed. TransactionId: %1 Error: %2. %3" ["TransactionId", "Error", "HResult"];
    NGC_MAKE_REQUEST = WebAuthN 1040 Information "Ngc MakeCredential request. TransactionId: %1 RpId: %2 AccountId: %3 ExcludeCredentialCount: %4 CredentialParameterCount: %5" ["TransactionId", "RpId", "AccountId", "ExcludeCredentialCount", "CredentialParameterCount"];
    NGC_MAKE_RESPONSE = WebAuthN 1041 Information "Ngc MakeCredential response. TransactionId: %1 AttestationFormatType: %2 RpIdHash: %3 Flags: %4 SignCount: %5 AAGuid: %6 CredentialId: %7 PublicKey: %8" ["TransactionId", "AttestationFormatType", "RpIdHash", "Flags", "SignCount", "AAGuid", "CredentialId", "PublicKey"];
    NGC_GET_REQUEST = WebAuthN 1042 Information "Ngc GetAssertion request. TransactionId: %1 RpId: %2 AllowCredentialCount: %3" ["TransactionId", "RpId", "AllowCredentialCount"];
    NGC_GET_RESPONSE = WebAuthN 1043 Information "Ngc GetAssertion response. TransactionId: %1 RpIdHash: %2 Flags: %3 SignCount: %4 CredentialId: %5" ["TransactionId", "RpIdHash", "Flags", "SignCount", "CredentialId"];
    REMOTE_REQUEST = WebAuthN 1050 Information "WebAuthN remote RPC request. TransactionId: %1" ["TransactionId"];
    REMOTE_RESPONSE = WebAuthN 1052 Information "WebAuthN remote RPC response. TransactionId: %1" ["TransactionId"];
    IS_UVPA_AVAILABLE = WebAuthN 1070 Information "WebAuthN IsUserVerifyingPlatformAuthenticatorAvailable: %1" ["Available"];
    API_VERSION = WebAuthN 1071 Information "WebAuthN ApiVersion: %1" ["ApiVersion"];
    CBOR_MAKE_REQUEST = WebAuthN 1101 Information "Cbor encode MakeCredential request. TransactionId: %1 RpId: %2 ClientDataHashAlgId: %3 RequireResidentKey: %4 ExcludeCredentialCount: %5 CredentialParameterCount: %6" ["TransactionId", "RpId", "ClientDataHashAlgId", "RequireResidentKey", "ExcludeCredentialCount", "CredentialParameterCount"];
    CBOR_GET_REQUEST = WebAuthN 1103 Information "Cbor encode GetAssertion request. TransactionId: %1 RpId: %2 ClientDataHashAlgId: %3 AllowCredentialCount: %4" ["TransactionId", "RpId", "ClientDataHashAlgId", "AllowCredentialCount"];
}
