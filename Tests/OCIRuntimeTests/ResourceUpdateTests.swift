import Cgroups
import JSON
import OCISpec
import Testing

@testable import OCIRuntime

@Suite struct ResourceUpdateTests {
    typealias Resources = RuntimeConfiguration.Resources

    func document(_ text: String) throws -> Resources {
        try JSONReader.document(Array(text.utf8)) { try Resources(from: &$0) }
    }

    @Test func whatAChangeSaysNothingOfStays() throws {
        let before = try document(
            #"{"memory":{"limit":100,"swap":200},"cpu":{"shares":512,"cpus":"0"},"pids":{"limit":5}}"#)
        let change = try document(
            #"{"memory":{"limit":0,"reservation":50},"cpu":{"shares":0,"cpus":"","quota":7},"pids":{"limit":0}}"#)
        let now = before.changed(by: change)
        #expect(now.memory?.limit == 100 && now.memory?.swap == 200 && now.memory?.reservation == 50)
        #expect(now.cpu?.shares == 512 && now.cpu?.cpus == "0" && now.cpu?.quota == 7)
        // A limit of no tasks is a limit (of one task), not silence.
        #expect(now.pids?.limit == 0)
        #expect(before.changed(by: Resources()) == before)
    }

    @Test func valuesThatBelongTogetherAreWrittenTogether() throws {
        let before = try document(#"{"memory":{"limit":100,"swap":200},"cpu":{"shares":512,"quota":30,"period":60}}"#)
        let memory = CgroupResources(changing: before, by: try document(#"{"memory":{"limit":150}}"#))
        #expect(memory.memory.limit == 150 && memory.memory.swap == 200)
        #expect(memory.cpu == CgroupResources.CPU())
        let period = CgroupResources(changing: before, by: try document(#"{"cpu":{"period":90}}"#))
        #expect(period.cpu.quota == 30 && period.cpu.period == 90 && period.cpu.shares == nil)
        #expect(period.memory == CgroupResources.Memory())
        let awake = CgroupResources(changing: before, by: try document(#"{"cpu":{"idle":0}}"#))
        #expect(awake.cpu.shares == 512)
        let unlimited = CgroupResources(changing: before, by: try document(#"{"memory":{"limit":-1}}"#))
        #expect(unlimited.memory.limit == -1 && unlimited.memory.swap == -1)
    }

    @Test func devicesAreWrittenWhereTheyDiffer() throws {
        let before = try document(#"{"devices":[{"allow":false}]}"#)
        #expect(CgroupResources(changing: before, by: before).devices.isEmpty)
        let more = try document(#"{"devices":[{"allow":false},{"allow":true,"type":"c","major":10,"minor":229}]}"#)
        #expect(CgroupResources(changing: before, by: more).devices.count == 2 + CgroupDeviceRule.defaults.count)
    }

    @Test func theKillerIsSwitchedOnAgain() throws {
        let off = try document(#"{"memory":{"disableOOMKiller":true}}"#)
        let on = try document(#"{"memory":{"disableOOMKiller":false}}"#)
        #expect(CgroupResources(changing: off, by: on).memory.disableOOMKiller == false)
        #expect(CgroupResources(changing: Resources(), by: on).memory.disableOOMKiller == nil)
        #expect(CgroupResources(creating: on).memory.disableOOMKiller == nil)
        #expect(CgroupResources(changing: on, by: off).memory.disableOOMKiller == true)
    }
}
