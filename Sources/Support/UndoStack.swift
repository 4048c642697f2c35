/// The undo of every step that has been done, run backwards when a later step fails.
///
/// Register the undo on the line after the acquisition. ``unwind()`` goes on past a failing undo and
/// returns the first failure, so that one stuck mount does not keep a cgroup alive.
public struct UndoStack {
    private var steps: [() throws -> Void] = []

    /// An empty stack.
    public init() {}

    /// Registers the undo of what was just acquired.
    public mutating func push(_ undo: @escaping () throws -> Void) {
        steps.append(undo)
    }

    /// Forgets every undo: the work has succeeded.
    public mutating func commit() {
        steps.removeAll()
    }

    /// Runs the undos, last registered first, each once; returns the first error, after having run them all.
    @discardableResult
    public mutating func unwind() -> (any Error)? {
        var first: (any Error)?
        while let step = steps.popLast() {
            do { try step() } catch { first = first ?? error }
        }
        return first
    }
}

/// Runs `body` with an undo stack; when it throws, everything registered is undone and the error rethrown.
public func withUndo<T>(_ body: (inout UndoStack) throws -> T) throws -> T {
    var undo = UndoStack()
    do {
        return try body(&undo)
    } catch {
        undo.unwind()
        throw error
    }
}
