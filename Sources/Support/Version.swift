/// The version of every program of hako, as semantic versioning has it.
public let hakoVersion = "0.1.0"
