internal import JSON
internal import OCISpec
internal import Resctrl

extension ResctrlGroup {
    init(from reader: inout JSONReader) throws {
        var (path, isOurs, monitor) = ("", false, String?.none)
        try reader.object { key, value in
            switch key {
            case "path": path = try value.string()
            case "isOurs": isOurs = try value.bool()
            case "monitor": monitor = try value.string()
            default: try value.skip()
            }
        }
        self.init(path: path, isOurs: isOurs, monitor: monitor)
    }

    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("path", path)
            object.member("isOurs", isOurs)
            object.member("monitor", monitor)
        }
    }
}

extension ResctrlSettings {
    /// Translates `linux.intelRdt`.
    init(_ source: RuntimeConfiguration.IntelRdt) {
        self.init()
        (closID, schemata) = (source.closID, source.schemata)
        (l3CacheSchema, memBwSchema) = (source.l3CacheSchema, source.memBwSchema)
        monitors = source.enableMonitoring == true
    }
}
