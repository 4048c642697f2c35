/// Who we are to a registry.
public struct RegistryCredential: Sendable, Hashable {
    /// The user's name; may be empty where there is an ``identityToken``.
    public var user: String
    /// The password or access token; empty where there is an ``identityToken``.
    public var password: String
    /// What a token server gave in place of the password at a login (OAuth 2's refresh token).
    public var identityToken: String?

    /// Makes a credential.
    public init(user: String, password: String, identityToken: String? = nil) {
        self.user = user
        self.password = password
        self.identityToken = identityToken
    }

    /// The header of Basic authentication (RFC 7617); nil where there is no password.
    var basic: String? {
        identityToken == nil ? "Basic \(Base64.encode("\(user):\(password)"))" : nil
    }
}
