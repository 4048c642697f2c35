internal import Cgroups
internal import Glibc
internal import Linux
internal import OCISpec

/// Where a container is in its life, derived from what is there and never stored, so that no crash makes it wrong.
///
/// ```
///  claim → creating ── process ready ──▶ created ── start.sock gone ──▶ running ⇄ paused
///             │                             │                              │
///             └──────── process gone ───────┴───────────────▶ stopped ◀────┘ ── delete → (nothing)
/// ```
enum Lifecycle {
    static func status(of record: ContainerRecord, _ states: StateDirectory) -> ContainerState.Status {
        guard let process = record.process else { return .creating }
        guard let state = process.state else { return .stopped }
        // A created container can be paused too, and can't be started then.
        if (try? record.cgroup.isFrozen(withProcessIn: state)) == true { return .paused }
        return access(states.startSocket(record.id), F_OK) == 0 ? .created : .running
    }
}
