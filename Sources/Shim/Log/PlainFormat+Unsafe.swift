/// `local`: `TIME STREAM TAG TEXT` and a line feed, the form in which Kubernetes reads containers' logs. TAG is `F` where the
/// text ends a line, `P` where more of it follows.
struct PlainFormat: LogFormat {
    let fixedTime = true
    func append(_ piece: UnsafeRawBufferPointer, _ stream: LogStream, time: [UInt8], to text: inout [UInt8]) {
        let endsLine = piece.last == UInt8(ascii: "\n")
        text += time
        text += stream == .output ? " stdout ".utf8 : " stderr ".utf8
        text += endsLine ? "F ".utf8 : "P ".utf8
        text += piece
        if !endsLine { text.append(UInt8(ascii: "\n")) }
    }
}
