public import JSON

extension RuntimeConfiguration {
    /// `hooks`: programs run at points of the lifecycle (config.md, POSIX-platform hooks).
    public struct Hooks: ConfigurationElement {
        /// Deprecated: like createRuntime, and before it.
        public var prestart: [Hook] = []
        /// In the runtime's namespaces, after the container's have been made and before pivot_root.
        public var createRuntime: [Hook] = []
        /// In the container's namespaces, before pivot_root.
        public var createContainer: [Hook] = []
        /// In the container's namespaces, just before the program.
        public var startContainer: [Hook] = []
        /// In the runtime's namespaces, after the program has been started.
        public var poststart: [Hook] = []
        /// In the runtime's namespaces, after the container has been deleted.
        public var poststop: [Hook] = []

        /// No hooks.
        public init() {}

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            try reader.members { key, value in
                switch key {
                case "prestart": prestart = try value.elements()
                case "createRuntime": createRuntime = try value.elements()
                case "createContainer": createContainer = try value.elements()
                case "startContainer": startContainer = try value.elements()
                case "poststart": poststart = try value.elements()
                case "poststop": poststop = try value.elements()
                default: try value.skip()
                }
            }
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("prestart", elements: prestart)
                object.member("createRuntime", elements: createRuntime)
                object.member("createContainer", elements: createContainer)
                object.member("startContainer", elements: startContainer)
                object.member("poststart", elements: poststart)
                object.member("poststop", elements: poststop)
            }
        }
    }

    /// One program of a hook; it gets the container's state on its standard input.
    public struct Hook: ConfigurationElement {
        /// The program's absolute path.
        public var path: String
        /// Arguments, the first being the program's name.
        public var args: [String] = []
        /// `NAME=VALUE`.
        public var env: [String] = []
        /// Seconds until it is killed, more than 0; nil waits for ever.
        public var timeout: Int?

        /// A hook that runs the program at `path`.
        public init(path: String) {
            self.path = path
        }

        /// Reads the next value.
        public init(from reader: inout JSONReader) throws {
            self.init(path: "")
            try reader.members { key, value in
                switch key {
                case "path":
                    path = try value.kernelText()
                    if path.utf8.first != UInt8(ascii: "/") {
                        throw value.failure("\"\(path)\" is not an absolute path")
                    }
                case "args": args = try value.kernelTexts()
                case "env": env = try value.kernelTexts()
                case "timeout": timeout = try value.integer(in: 1...Int.max)
                default: try value.skip()
                }
            }
            try reader.require("path", !path.isEmpty)
        }

        /// Writes the object.
        public func write(to writer: inout JSONWriter) {
            writer.object { object in
                object.member("path", path)
                object.member("args", unlessEmpty: args)
                object.member("env", unlessEmpty: env)
                object.member("timeout", timeout)
            }
        }
    }
}
