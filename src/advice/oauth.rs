//! Advice on the provider of OAuth tokens.

/// Advice on the provider of OAuth tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OAuth {
    /// The account has a provider, and no client id for it.
    AddClientId,
    /// The provider that was named does not exist.
    NameKnownProvider,
    /// An address of the provider cannot be used.
    WriteHttpsUrl,
    /// The provider's metadata is not at that address.
    CheckMetadataUrl,
    /// The metadata describes another issuer than the one that was named.
    NameIssuer {
        /// The issuer that it describes, as it says.
        issuer: String,
    },
    /// The provider answered with something else than OAuth has.
    CheckUrls,
    /// No token endpoint is known.
    AddTokenUrl,
    /// The provider has no authorization endpoint, but one for devices.
    SignInByDevice,
    /// The provider has no endpoint for devices, but an authorization endpoint.
    SignInByBrowser,
    /// A browser was wanted, and the provider has no endpoint for either way to sign in.
    AddAuthorizationUrl,
    /// A code was wanted, and the provider has no endpoint for either way to sign in.
    AddDeviceUrl,
    /// The redirect address cannot be used.
    CheckRedirectUrl,
    /// The provider redirects only to an address that is registered, and none is configured.
    AddRedirectUrl,
    /// Nobody finished the sign-in in the browser in time.
    BrowserTooLate {
        /// Whether the provider also supports sign-in by a code.
        has_device: bool,
    },

    /// The client is registered for one tenant, which the provider's URL does not name, or is unknown.
    NameTenant,
    /// Neither the user nor the tenant has consented to what the client asks for.
    Consent,
    /// The user has denied access.
    AllowAccess,
    /// The provider does not accept the client's secret.
    CheckClientSecret,
    /// The provider requires a secret of the client.
    AddClientSecret,
    /// The provider does not know the client in that tenant.
    CheckClientAndTenant,
    /// The provider does not accept the client.
    CheckClient,
    /// The provider does not know the scope.
    CheckScope,
    /// The provider does not support the request and there is no other way to make it, or it refuses for a reason
    /// of its own.
    CheckKeys,
    /// The provider refused sign-in by a code.
    TryBrowser,
    /// The provider refused the browser's request, and supports sign-in by a code.
    TryDevice,
    /// The code has expired, or is no longer accepted.
    RequestNewCode,
    /// The sign-in has expired as those of unpublished clients do at Google.
    PublishClient,
    /// The provider gave no refresh token.
    RequestOfflineAccess,
    /// The sign-in that is stored cannot be renewed, and more than a new one may be needed.
    SignInAgain {
        /// The account's name in the configuration; `None` if it is not configured.
        account: Option<String>,
        /// What else to do.
        also: Box<OAuth>,
    },
    /// Another run is renewing the sign-in.
    TryAgainLater,
}
