internal import JSON
internal import Support

extension RegistryCredential {
    /// The login in a document of the Engine API, as `/auth` gets it: `{"username": …, "password": …, "identitytoken": …}`.
    ///
    /// - Returns: nil where it names nobody.
    public static func reading(document: [UInt8]) throws -> RegistryCredential? {
        var login = RegistryCredential(user: "", password: "")
        try attempt("the registry's login") {
            try JSONReader.document(document) { reader in
                try reader.object { key, value in
                    switch key.lowercased() {
                    case "username": login.user = try value.optional { try $0.string() } ?? ""
                    case "password": login.password = try value.optional { try $0.string() } ?? ""
                    case "identitytoken":
                        let token = try value.optional { try $0.string() } ?? ""
                        if !token.isEmpty { login.identityToken = token }
                    default: try value.skip()
                    }
                }
            }
        }
        return login.user.isEmpty && login.identityToken == nil ? nil : login
    }

    /// The login in the value of an `X-Registry-Auth` header: such a document in base64, of either alphabet.
    public static func reading(header: String) throws -> RegistryCredential? {
        if header.isEmpty { return nil }
        let standard = String(header.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        guard let bytes = Base64.decode(standard) else {
            throw RuntimeError(.invalidArgument, "X-Registry-Auth: not base64")
        }
        return bytes.isEmpty ? nil : try reading(document: bytes)
    }
}
