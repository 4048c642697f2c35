import Support
import Testing

@Suite struct UndoStackTests {
    struct Boom: Error {}

    @Test func unwindsBackwardsPastFailures() {
        var order: [Int] = []
        var undo = UndoStack()
        undo.push { order.append(1) }
        undo.push { throw Boom() }
        undo.push { order.append(3) }
        #expect(undo.unwind() is Boom)
        #expect(order == [3, 1])
        #expect(undo.unwind() == nil)
    }

    @Test func successKeepsEverything() throws {
        var undone = false
        try withUndo { undo in
            undo.push { undone = true }; undo.commit()
        }
        #expect(!undone)
    }

    @Test func failureUndoes() {
        var undone = false
        #expect(throws: Boom.self) {
            try withUndo { undo in
                undo.push { undone = true }
                throw Boom()
            }
        }
        #expect(undone)
    }

    @Test func errorsReadInwards() {
        let error = RuntimeError(.notFound, "open image x", cause: RuntimeError(.notFound, "no such manifest"))
        #expect("\(error)" == "open image x: no such manifest")
    }
}
