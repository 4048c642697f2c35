internal import CLinux
internal import Cgroups
internal import Glibc
internal import Isolation
internal import Linux
internal import Support

/// Clones the container's process from inside the namespaces that it joins: a short-lived child enters them and clones
/// with CLONE_PARENT, so that the process is the caller's child all the same. The caller itself enters nothing.
///
/// - Parameters:
///   - flags: CLONE_NEW flags of the namespaces that are new.
///   - cgroup: how the child enters the cgroup, so that the process is born there.
///   - enter: enters the others.
/// - Returns: 0 in the container's process, its pid in the caller.
func cloneFromInside(_ flags: UInt64, _ cgroup: CgroupEntry, enter: () throws -> Void) throws -> Int32 {
    let pair = try Descriptor.socketPair()
    let joiner = try check("clone3") { cl_clone(0, nil, cgroup.cloneDescriptor) }
    if joiner == 0 {
        var answer: [UInt8]
        do {
            if cgroup.placement != nil { _ = try pair.second.readSome(1) }
            try enter()
            let pid = try check("clone3") { cl_clone(flags | CL_CLONE_PARENT, nil, -1) }
            if pid == 0 { return 0 }
            answer = [1] + withUnsafeBytes(of: pid) { Array($0) }
        } catch {
            answer = [0] + LaunchFailure.encode(error)
        }
        try? pair.second.writeAll(answer)
        _exit(0)
    }
    if let placement = cgroup.placement {
        do {
            try placement(joiner)
            try pair.first.writeAll([1])
        } catch {
            kill(joiner, SIGKILL)
            _ = try? waitForExit(joiner)
            throw error
        }
    }
    var bytes: [UInt8] = []
    pair.split { near, far in
        _ = consume far
        bytes = (try? near.readSome(65536)) ?? []
        _ = consume near
    }
    _ = try waitForExit(joiner)
    guard bytes.count == 5, bytes[0] == 1 else { throw LaunchFailure.decode(Array(bytes.dropFirst())) }
    return bytes.dropFirst().withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
}
