"""Ray on a cluster of two nodes, one of which is lost in the middle: nothing is lost, nothing is done twice."""

from __future__ import annotations

import threading
import time

import pytest
from test_execute import calls
from test_execute import log as log
from test_execute import page as page
from test_execute import start as start

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.slow


@pytest.fixture
def cluster():
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    second = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster, second
    ray.shutdown()
    cluster.shutdown()


def test_a_lost_node_costs_nothing(start, exact_bytes, method_file, protocol_file, log, tmp_path, cluster):
    nodes, second = cluster
    protocol = protocol_file(selection={"seed": 3, "self": {"clips": 6}, "cross": {"pairs": 6}})
    method = method_file(log=str(log), sleep=0.5)
    there = tmp_path / "there"

    def lose() -> None:
        while len(list(there.glob("*/tasks/*.json"))) < 4:
            time.sleep(0.1)
        nodes.remove_node(second, allow_graceful=False)

    threading.Thread(target=lose, daemon=True).start()
    folder = start(method, protocol, out=there, jobs=2, engine="ray").folder
    assert len(calls(log)) <= 12 + 1  # the task that the lost node was at
    assert exact_bytes(folder) == exact_bytes(start(method, protocol, out=tmp_path / "here").folder)
