extension DefaultProfile {
    /// Allowed to every container: calls that work on what the process owns or that the kernel itself guards by
    /// namespaces, permissions and limits.
    static let always: [Group] = [
        Group(
            "files by descriptor: the right was checked at open",
            """
            read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek _llseek close close_range
            dup dup2 dup3 fcntl fcntl64 flock ioctl fsync fdatasync sync_file_range syncfs sync ftruncate ftruncate64
            fallocate fadvise64 fadvise64_64 readahead cachestat copy_file_range sendfile sendfile64 splice tee
            vmsplice getdents getdents64
            """),
        Group(
            "files by name: the mount namespace and permissions decide",
            """
            open openat openat2 creat access faccessat faccessat2 chdir fchdir getcwd mkdir mkdirat rmdir rename
            renameat renameat2 link linkat unlink unlinkat symlink symlinkat readlink readlinkat truncate truncate64
            umask utime utimes utimensat utimensat_time64 futimesat name_to_handle_at
            """),
        Group(
            "making nodes: devices need CAP_MKNOD and the device filter still stands before their use",
            "mknod mknodat"),
        Group(
            "attributes of files",
            """
            stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx statfs statfs64 fstatfs fstatfs64
            statmount listmount chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 fchownat lchown
            lchown32 getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr
            llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
            """),
        Group(
            "watching files; fanotify groups themselves need CAP_SYS_ADMIN",
            "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark"),
        Group(
            "waiting for descriptors",
            """
            poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl
            epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4
            pipe pipe2
            """),
        Group(
            "asynchronous input and output (the old interface; io_uring's record of holes keeps it out)",
            """
            io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64 ioprio_get
            ioprio_set
            """),
        Group(
            "memory of the process itself",
            """
            brk mmap mmap2 munmap mremap mprotect madvise msync mincore mlock mlock2 mlockall munlock munlockall
            remap_file_pages pkey_alloc pkey_free pkey_mprotect memfd_create memfd_secret mseal map_shadow_stack
            membarrier process_mrelease
            """),
        Group(
            "starting, ending and awaiting processes; clone is under the namespace rule",
            """
            fork vfork execve execveat exit exit_group wait4 waitid waitpid pidfd_open set_tid_address
            restart_syscall rseq uretprobe
            """),
        Group(
            "identity: capabilities and the user namespace decide",
            """
            getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid
            getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid
            setregid32 setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups
            setgroups32 capget capset prctl getpid getppid gettid getpgid getpgrp setpgid getsid setsid
            """),
        Group(
            "signals: the pid namespace bounds whom they reach",
            """
            kill tkill tgkill pidfd_send_signal pause alarm sigaltstack sigprocmask sigreturn rt_sigaction
            rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
            rt_sigtimedwait_time64 rt_tgsigqueueinfo
            """),
        Group(
            "locks between threads",
            """
            futex futex_time64 futex_wait futex_waitv futex_wake futex_requeue get_robust_list set_robust_list
            get_thread_area set_thread_area
            """),
        Group(
            "clocks and timers; setting a clock still needs CAP_SYS_TIME",
            """
            time times gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep
            clock_nanosleep_time64 nanosleep clock_adjtime clock_adjtime64 adjtimex getitimer setitimer timer_create
            timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create
            timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64
            """),
        Group(
            "scheduling and resource limits: lowering is free, raising needs a capability",
            """
            sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam
            sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min
            sched_rr_get_interval sched_rr_get_interval_time64 getpriority setpriority getcpu getrlimit setrlimit
            ugetrlimit prlimit64 getrusage
            """),
        Group(
            "sockets that exist; making one is under the family rule",
            """
            socketpair bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt send sendto
            sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64 shutdown
            """),
        Group(
            "System V and POSIX messages: the ipc namespace bounds them",
            """
            ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt
            shmget mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
            mq_timedsend_time64 mq_unlink
            """),
        Group(
            "giving rights up",
            "seccomp landlock_add_rule landlock_create_ruleset landlock_restrict_self"),
        Group(
            "looking at other processes of one's own: since 4.8 a tracer can't get around the filter",
            "ptrace process_vm_readv process_vm_writev"),
        Group("questions about the system and random numbers", "uname sysinfo getrandom riscv_hwprobe"),
    ]

    /// Allowed on some architectures.
    static let byArchitecture: [(Seccomp.Architecture, Group)] = [
        (.x86_64, Group("thread-local storage and segments of x86", "arch_prctl modify_ldt")),
        (
            .arm64,
            Group(
                "what 32-bit ARM programs need",
                "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls")
        ),
    ]

    /// Allowed with a capability, because without it the kernel refuses the call anyway or should have.
    static let byCapability: [(String, Group)] = [
        ("CAP_BPF", Group("loading programs into the kernel", "bpf")),
        ("CAP_DAC_READ_SEARCH", Group("opens files past the folders above them", "open_by_handle_at")),
        ("CAP_PERFMON", Group("counters that see other processes", "perf_event_open")),
        (
            "CAP_SYS_ADMIN",
            Group(
                "mounts, namespaces and what the kernel files under administration",
                """
                bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
                lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree open_tree_attr
                perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare
                """)
        ),
        ("CAP_SYS_BOOT", Group("restarts the machine, or ends the pid namespace", "reboot")),
        ("CAP_SYS_CHROOT", Group("changes the root folder", "chroot")),
        ("CAP_SYS_MODULE", Group("kernel modules", "init_module finit_module delete_module")),
        (
            "CAP_SYS_NICE",
            Group("memory of one node or another", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node")
        ),
        ("CAP_SYS_PACCT", Group("process accounting of the host", "acct")),
        (
            "CAP_SYS_PTRACE",
            Group("other processes' memory and descriptors", "kcmp pidfd_getfd process_madvise")
        ),
        ("CAP_SYS_RAWIO", Group("input and output ports", "ioperm iopl")),
        ("CAP_SYS_TIME", Group("the host's clock", "settimeofday stime clock_settime clock_settime64")),
        ("CAP_SYS_TTY_CONFIG", Group("hangs up terminals", "vhangup")),
        ("CAP_SYSLOG", Group("the kernel's log", "syslog")),
    ]
}
