import ContainerService
import JSON
import Testing

@testable import DockerAPI

@Suite struct CreateRequestTests {
    private func specification(_ text: String) throws -> ContainerSpecification {
        try CreateRequest(JSONValue(Array(text.utf8))).specification(name: nil) { "id-of-\($0)" }
    }

    @Test func `a request becomes a specification`() throws {
        let wanted = try specification(
            """
            {"Image":"box","Cmd":["a","b"],"Entrypoint":"run","Env":["A=1"],"Tty":true,"OpenStdin":true,"StdinOnce":true,
             "Labels":{"x":"y"},"StopSignal":"SIGINT","StopTimeout":3,"User":"1:2","WorkingDir":"/w","Volumes":{"/v":{}},
             "HostConfig":{"NetworkMode":"none","AutoRemove":true,"Memory":67108864,"NanoCpus":500000000,"PidsLimit":-1,
              "Binds":["/src:/dst:ro,z","named:/data"],"Tmpfs":{"/t":"size=1m"},"CapAdd":["NET_ADMIN"],"ReadonlyRootfs":true,
              "LogConfig":{"Type":"json-file","Config":{"max-size":"10m","max-file":"3"}},
              "Ulimits":[{"Name":"nofile","Soft":10,"Hard":-1}],"RestartPolicy":{"Name":"no"},"Devices":[],"Init":null}}
            """)
        #expect(wanted.image == "box")
        #expect(wanted.entrypoint == ["run"])
        #expect(wanted.command == ["a", "b"])
        #expect(wanted.terminal && wanted.interactive && wanted.endsInputWithClient && wanted.removesItself)
        #expect(wanted.network == .none)
        #expect(wanted.limits.memory == 64 << 20)
        #expect(wanted.limits.milliCPUs == 500)
        #expect(wanted.limits.pids == nil)
        #expect(
            wanted.mounts == [
                .init(source: .bind(path: "/src", create: true), destination: "/dst", options: ["ro"]),
                .init(source: .volume(name: "named"), destination: "/data"),
                .init(source: .memory, destination: "/t", options: ["size=1m"]),
            ])
        #expect(wanted.log.maximumSize == 10 << 20)
        #expect(wanted.log.maximumFiles == 3)
        #expect(wanted.resourceLimits == [.init(name: "nofile", soft: 10, hard: .max)])
        #expect(wanted.stopTimeout == 3)
    }

    @Test func `restart policies and shared networks`() throws {
        let wanted = try specification(
            """
            {"Image":"box","HostConfig":{"NetworkMode":"container:web",
             "RestartPolicy":{"Name":"on-failure","MaximumRetryCount":4}}}
            """)
        #expect(wanted.restart == .onFailure(most: 4))
        #expect(wanted.sharesNetworkOf == "id-of-web")
    }

    @Test(arguments: [
        (#"{"HostConfig":{"NetworkMode":"none"}}"#, 400, "no image"),
        (#"{"Image":"a"}"#, 501, "--network none"),
        (#"{"Image":"a","HostConfig":{"NetworkMode":"mine"}}"#, 404, "mine"),
        (#"{"Image":"a","HostConfig":{"NetworkMode":"none","Devices":[{}]}}"#, 501, "--device"),
        (#"{"Image":"a","HostConfig":{"NetworkMode":"none","PidMode":"host"}}"#, 501, "--pid"),
        (#"{"Image":"a","HostConfig":{"NetworkMode":"none","Init":true}}"#, 501, "--init"),
        (#"{"Image":"a","HostConfig":{"NetworkMode":"none","Binds":["x"]}}"#, 400, "volume specification"),
        (#"{"Image":"a","HostConfig":{"NetworkMode":"none","Binds":["/a:/b","/c:/b"]}}"#, 400, "Duplicate"),
        (#"{"Image":"a","Cmd":[1],"HostConfig":{"NetworkMode":"none"}}"#, 400, "Cmd"),
        (#"{"Image":"a","HostConfig":{"NetworkMode":"none","LogConfig":{"Type":"syslog"}}}"#, 501, "syslog"),
        (
            #"{"Image":"a","HostConfig":{"NetworkMode":"none","LogConfig":{"Config":{"max-size":"x"}}}}"#, 400,
            "max-size"
        ),
        (#"{"Image":"a","HostConfig":{"NetworkMode":"none","RestartPolicy":{"Name":"often"}}}"#, 400, "often"),
        (#"{"Image":"a","Healthcheck":{"Test":["CMD","true"]},"HostConfig":{"NetworkMode":"none"}}"#, 501, "health"),
    ])
    func `what can't be honoured is refused by its name`(text: String, status: Int, words: String) {
        let error = #expect(throws: APIError.self) { try specification(text) }
        #expect(error?.status == status)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
}
